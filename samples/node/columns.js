'use strict';
// Columns of event batches as arrays. pipeline/v1/batches.proto describes them.
const { StageFailure } = require('./failure');

const KINDS = { text: 1, number: 2, boolean: 3 };
const SIGNED = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: BigInt64Array };
const UNSIGNED = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

// An array needs bytes that begin at a multiple of its width; what gRPC hands out begins anywhere.
function arrayOf(Type, bytes) {
  const at = bytes.byteOffset % Type.BYTES_PER_ELEMENT === 0 ? bytes.byteOffset : -1;
  return at >= 0
    ? new Type(bytes.buffer, at, bytes.length / Type.BYTES_PER_ELEMENT)
    : new Type(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** A column of a batch. raw[row]: a number's digits without the point, a text's code, or 0 and 1. */
class ColumnView {
  constructor(column, count) {
    const Type = column.kind === KINDS.number ? SIGNED[column.width] : UNSIGNED[column.width];
    if (column.width !== 0 && (!Type || column.data.length !== count * column.width)) {
      const { name, width, data } = column;
      throw new StageFailure('protocol_violation', `column '${name}' has ${data.length} bytes for ${count} values of width ${width}`);
    }
    this.column = column;
    this.scale = column.scale;
    this.raw = column.width === 0 ? new Uint8Array(count) : arrayOf(Type, column.data);
    this.decoded = [];
  }

  /** The text with a code. */
  textOf(code) {
    const { name, texts } = this.column;
    if (code >= texts.length) throw new StageFailure('protocol_violation', `column '${name}' has no text ${code}`);
    return this.decoded[code] ??= texts[code].toString();
  }

  text(row) {
    return this.textOf(this.raw[row]);
  }
}

/** A batch's column; undefined where it has none of that name. */
function find(batch, name) {
  const column = batch.columns.find((candidate) => candidate.name === name);
  return column && new ColumnView(column, batch.count);
}

/** The same columns with these rows only, in this order. */
function gather(batch, rows) {
  return { count: rows.length, columns: rows.length === batch.count ? batch.columns : batch.columns.map((column) => pick(column, rows)) };
}

function pick(column, rows) {
  if (column.width === 0) return column;
  // Eight bytes are moved as two times four: neither as slow as BigInt nor, as doubles would be, changed on the way.
  const lanes = column.width === 8 ? 2 : 1;
  const Type = UNSIGNED[column.width / lanes];
  const from = arrayOf(Type, column.data);
  const to = new Type(rows.length * lanes);
  for (let at = 0; at < rows.length; at++) {
    to[at * lanes] = from[rows[at] * lanes];
    if (lanes === 2) to[at * 2 + 1] = from[rows[at] * 2 + 1];
  }
  return { ...column, data: bytesOf(to) };
}

/** A new column of whole numbers (BigInt for numbers, codes or 0 and 1 for the others), as narrow as they allow. */
function make(name, kind, values, { scale = 0, texts = [] } = {}) {
  const isNumber = kind === KINDS.number;
  let [least, most] = [values[0] ?? 0, values[0] ?? 0];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const fits = (bits) => isNumber ? -(2 ** (bits - 1)) <= least && most < 2 ** (bits - 1) : most < 2 ** bits;
  const width = least == 0 && most == 0 ? 0 : fits(8) ? 1 : fits(16) ? 2 : fits(32) ? 4 : 8;
  const Type = (isNumber ? SIGNED : UNSIGNED)[width];
  const data = width === 0 ? Buffer.alloc(0)
    : bytesOf(Type.from(values, isNumber && width < 8 ? Number : (value) => value));
  return { name, kind, width, data, scale, texts: texts.map((text) => Buffer.from(text)) };
}

module.exports = { ColumnView, KINDS, find, gather, make };
