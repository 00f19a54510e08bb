'use strict';
// Rules applied to batches of events, a column at a time.
const { ColumnView, KINDS, find, gather, make } = require('./columns');
const decimal = require('./decimal');
const { StageFailure } = require('./failure');

const [ALIVE, DROPPED, REJECTED] = [0, 1, 2];
const FAILED = Symbol('failed');

// Each carries the path of the file, and a message has 16 MiB.
const MAX_REJECT_BYTES = 1 << 20;
const BYTES_BESIDE_PATH = 64;

/** What the rules have to do for the columns that are wanted below: no column that nobody reads is set, unless that can fail. */
class Program {
  constructor(ruleSet, wanted) {
    this.output = wanted.map((name) => ruleSet.columns.get(name));
    const live = new Set(this.output);
    this.rules = [...ruleSet.rules].reverse().filter(({ target, expression }) => {
      const isNeeded = !target || live.delete(target) || expression.canFail;
      if (isNeeded) expression.reads.forEach((slot) => live.add(slot));
      return isNeeded;
    }).reverse();
    // A rejected line is told with its number and its place.
    if (this.rules.some(({ expression }) => expression.canFail)) ['line', 'offset'].forEach((name) => live.add(ruleSet.columns.get(name)));
    this.input = [...live];
    this.columns = this.input.map(({ name }) => name);
  }

  /** Applies the rules to a batch; what comes of it are several where numbers that a rule sets have no scale in common, or rejects are many. */
  apply(batch) {
    const views = [];
    for (const { index, name, type } of this.input) {
      views[index] = find(batch, name);
      if (views[index]?.column.kind !== KINDS[type]) {
        throw new StageFailure('protocol_violation', `a batch of events came without a column '${name}' of kind ${type}`);
      }
    }
    const state = new Uint8Array(batch.count);
    for (const { expression, target } of this.rules) {
      if (!target) {
        evaluate(expression, views, state, (row, holds) => { if (holds) state[row] = holds === FAILED ? REJECTED : DROPPED; });
        continue;
      }
      const column = set(target, expression, views, state);
      if (!column) return halves(batch).flatMap((half) => this.apply(half));
      views[target.index] = new ColumnView(column, batch.count);
    }
    const columns = this.output.map(({ index }) => views[index].column);
    const rejected = rowsOf(state, REJECTED);
    if (batch.count > 1 && rejected.length * (Buffer.byteLength(batch.file) + BYTES_BESIDE_PATH) > MAX_REJECT_BYTES) {
      return halves(batch).flatMap((half) => this.apply(half));
    }
    const failed = rejected.map((row) => rejectOf(batch, row));
    return [{
      ...gather({ count: batch.count, columns }, rowsOf(state, ALIVE)),
      rejects: failed.length === 0 ? batch.rejects : [...batch.rejects, ...failed].sort((left, right) => left.line - right.line),
      filtered: rowsOf(state, DROPPED).length,
    }];
  }
}

function rowsOf(state, which) {
  const rows = [];
  for (let row = 0; row < state.length; row++) if (state[row] === which) rows.push(row);
  return rows;
}

// Calls use(row, result) for the rows that are left. Over one column an expression is evaluated once for each of its values.
function evaluate(expression, views, state, use, finish = (result) => result) {
  const values = [];
  const run = () => {
    try {
      return finish(expression.run(values));
    } catch (error) {
      if (error instanceof decimal.ArithmeticError) return FAILED;
      throw error;
    }
  };
  const read = (slot, row) => { values[slot.index] = valueOf(slot, views[slot.index], row); };
  const isPerRow = expression.reads.length > 1;
  const raws = isPerRow || expression.reads.length === 0 ? undefined : views[expression.reads[0].index].raw;
  const known = new Map();
  for (let row = 0; row < state.length; row++) {
    if (state[row] !== ALIVE) continue;
    const raw = raws?.[row];
    let result = isPerRow ? undefined : known.get(raw);
    if (result === undefined) {
      expression.reads.forEach((slot) => read(slot, row));
      result = run();
      if (!isPerRow) known.set(raw, result);
    }
    use(row, result);
  }
}

function valueOf({ type }, view, row) {
  const raw = view.raw[row];
  return type === 'text' ? view.textOf(raw) : type === 'number' ? { m: BigInt(raw), s: view.scale } : raw !== 0;
}

// Makes a column; undefined: its numbers have no scale in common. Rows that are gone have any value.
function set({ name, type }, expression, views, state) {
  const results = new Array(state.length);
  const finish = type === 'number' ? decimal.toColumn : undefined;
  const keep = (row, result) => { if (result === FAILED) state[row] = REJECTED; else results[row] = result; };
  evaluate(expression, views, state, keep, finish);
  if (type === 'text') {
    const codes = new Map();
    const values = Uint32Array.from(results, (text = '') => codes.get(text) ?? codes.set(text, codes.size).size - 1);
    return make(name, KINDS.text, values, { texts: [...codes.keys()] });
  }
  if (type === 'boolean') return make(name, KINDS.boolean, Uint8Array.from(results, (value) => value ? 1 : 0));
  const scale = results.reduce((most, { s }) => Math.max(most, s), 0);
  const values = Array.from(results, (number) => number === undefined ? 0n : decimal.rescale(number, scale));
  return values.includes(undefined) ? undefined : make(name, KINDS.number, values, { scale });
}

function halves(batch) {
  const rows = [...Array(batch.count).keys()];
  const middle = Math.floor(rows.length / 2);
  const [first, second] = [rows.slice(0, middle), rows.slice(middle)].map((part) => gather(batch, part));
  const next = find(second, 'line')?.raw[0] ?? Infinity;
  const isFirst = ({ line }) => BigInt(line) < next;
  const { file, rejects } = batch;
  return [{ ...first, file, rejects: rejects.filter(isFirst) }, { ...second, file, rejects: rejects.filter((reject) => !isFirst(reject)) }];
}

function rejectOf(batch, row) {
  const [line, offset] = ['line', 'offset'].map((name) => String(find(batch, name).raw[row]));
  return { line, offset, reason: 'rule_failed', file: batch.file };
}

module.exports = { Program };
