'use strict';
// Rules' part of work items, as docs/design.md defines it: doubles, from left to right. JavaScript's numbers are IEEE 754 doubles, too.
const { StageFailure } = require('./failure');

const ROUNDS = 500;
const EIGENVALUES = 5;

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** An item with eigenvalues and score, without what only they needed. */
function score({ vectors, matrix, matrix_rows, matrix_columns, vector_checksum, ...item }) {
  if (matrix_rows < 0 || matrix_rows * matrix_columns !== matrix.length) {
    throw new StageFailure('protocol_violation', `the matrix of work item '${item.id}' is not rows times columns`);
  }
  const mean = vectors.length === 0 ? 0 : sum(vectors) / vectors.length;
  let matrixScore = 0;
  for (let row = 0; row < matrix_rows; row++) matrixScore += sum(matrix.slice(row * matrix_columns, (row + 1) * matrix_columns));
  const perRound = vector_checksum + matrixScore + mean;
  let total = 0;
  for (let round = 1; round <= ROUNDS; round++) total += perRound * round * 0.001;
  return { ...item, vector_checksum, eigenvalues: vectors.slice(0, EIGENVALUES), score: total };
}

module.exports = { score };
