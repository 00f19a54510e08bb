'use strict';
// Expressions of rules. @bufbuild/cel reads them; what they mean is docs/rules.md's subset of CEL: three types, decimals instead of
// integers and doubles, operands from left to right. So the tree is checked and turned into functions here, not run by the library.
const { parse } = require('@bufbuild/cel');
const decimal = require('./decimal');

const MAX_LENGTH = 4096;
const MAX_DIGITS = 28;
const MAX_TEXT = 65_536;

const both = (left, right) => {
  if (left.length + right.length > MAX_TEXT) throw new decimal.ArithmeticError(`a text of more than ${MAX_TEXT} characters`);
  return left + right;
};
// The order of the UTF-8 bytes is that of the code points; that of JavaScript's strings is not.
const compareTexts = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right));
// White space of Unicode. JavaScript's trim() also takes U+FEFF, and leaves U+0085.
const SPACE = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, 'g');

/**
 * What there is: by name, and by the types of the operands, the type of the result and how it is made. The dot is that of text.name().
 * A function of your own is one line here.
 */
const FUNCTIONS = {
  '!_': { boolean: ['boolean', (a) => !a] },
  '-_': { number: ['number', decimal.negate] },
  '_+_': { 'number and number': ['number', decimal.add], 'text and text': ['text', both] },
  '_-_': { 'number and number': ['number', decimal.subtract] },
  '_*_': { 'number and number': ['number', decimal.multiply] },
  '_/_': { 'number and number': ['number', decimal.divide] },
  '_%_': { 'number and number': ['number', decimal.remainder] },
  '_==_': equality((isEqual) => isEqual),
  '_!=_': equality((isEqual) => !isEqual),
  '_<_': order((sign) => sign < 0),
  '_<=_': order((sign) => sign <= 0),
  '_>_': order((sign) => sign > 0),
  '_>=_': order((sign) => sign >= 0),
  'size': { text: ['number', size] },
  '.size': { text: ['number', size] },
  '.startsWith': { 'text and text': ['boolean', (text, part) => text.startsWith(part)] },
  '.endsWith': { 'text and text': ['boolean', (text, part) => text.endsWith(part)] },
  '.contains': { 'text and text': ['boolean', (text, part) => text.includes(part)] },
  '.lowerAscii': { text: ['text', (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())] },
  '.upperAscii': { text: ['text', (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())] },
  '.trim': { text: ['text', (text) => text.replace(ENDS, '')] },
};

function size(text) {
  return { m: BigInt([...text].length), s: 0 };
}

function equality(holds) {
  const same = ['boolean', (a, b) => holds(a === b)];
  const numbers = ['boolean', (a, b) => holds(decimal.compare(a, b) === 0)];
  return { 'number and number': numbers, 'text and text': same, 'boolean and boolean': same };
}

function order(holds) {
  return {
    'number and number': ['boolean', (a, b) => holds(decimal.compare(a, b))],
    'text and text': ['boolean', (a, b) => holds(compareTexts(a, b))],
  };
}

/** A mistake in an expression. */
class ExpressionError extends Error {
  constructor(offset, message) {
    super(message);
    this.offset = offset;
  }
}

class Compiler {
  constructor(text, positions, columns) {
    Object.assign(this, { text, positions, columns, reads: new Set(), canFail: false });
  }

  /** A node's type, and its value as a function of the values of the columns. */
  visit(expr) {
    const { case: kind, value } = expr.exprKind;
    switch (kind) {
      case 'identExpr': return this.column(expr, value.name);
      case 'constExpr': return this.literal(expr, value.constantKind);
      case 'callExpr': return this.call(expr, value);
      default: throw this.error(expr, 'this is no part of the language of rules');
    }
  }

  column(expr, name) {
    const slot = this.columns.get(name);
    if (slot === undefined) throw this.error(expr, `unknown column '${name}'; known here: ${[...this.columns.keys()].join(', ')}`);
    if (slot === null) throw new ExpressionError(-1, `column '${name}' is of a rule that is wrong`);
    this.reads.add(slot);
    const { index, type } = slot;
    return { type, run: (values) => values[index] };
  }

  literal(expr, { case: kind, value }) {
    const source = this.text.slice(this.offset(expr));
    switch (kind) {
      case 'boolValue': return { type: 'boolean', run: () => value };
      case 'stringValue':
        if (/^[rR]?("""|''')/.test(source)) break;
        return { type: 'text', run: () => value };
      case 'int64Value':
      case 'doubleValue': {
        // The library has made a double of it: the digits stand in the text.
        const [, minus, digits] = /^(-?)\s*(\d+(?:\.\d+)?)(?![\w.])/.exec(source) ?? [];
        if (!digits || digits.replace('.', '').length > MAX_DIGITS) {
          throw this.error(expr, `no number: at most ${MAX_DIGITS} digits, perhaps with a point between them`);
        }
        const number = minus ? decimal.negate(decimal.parse(digits)) : decimal.parse(digits);
        this.canFail ||= digits.length > 9; // perhaps more than a column holds
        return { type: 'number', run: () => number };
      }
    }
    throw this.error(expr, 'this is no part of the language of rules');
  }

  call(expr, { function: name, target, args }) {
    if (name === '@in') return this.isIn(expr, args);
    const operands = (target ? [target, ...args] : args).map((operand) => this.visit(operand));
    const [a, b, c] = operands.map((operand) => operand.run);
    const types = operands.map((operand) => operand.type).join(' and ');
    if ((name === '_&&_' || name === '_||_') && types === 'boolean and boolean') {
      return { type: 'boolean', run: name === '_&&_' ? (values) => a(values) && b(values) : (values) => a(values) || b(values) };
    }
    if (name === '_?_:_' && operands[0].type === 'boolean' && operands[1].type === operands[2].type) {
      return { type: operands[1].type, run: (values) => a(values) ? b(values) : c(values) };
    }
    const overloads = FUNCTIONS[target ? `.${name}` : name];
    if (!overloads?.[types]) {
      const symbol = /^_?(\W+)_/.exec(name)?.[1];
      throw this.error(expr, symbol ? `operator '${symbol}' does not take ${types}`
        : overloads ? `function '${name}' takes ${Object.keys(overloads).join(', or ')}, not ${types}`
        : `unknown function '${name}'; there are ${Object.keys(FUNCTIONS).filter((known) => /\w{2}/.test(known)).join(', ')}`);
    }
    const [type, apply] = overloads[types];
    this.canFail ||= /^_[-+*/%]_$/.test(name);
    return { type, run: operands.length === 1 ? (values) => apply(a(values)) : (values) => apply(a(values), b(values)) };
  }

  isIn(expr, [value, list]) {
    const elements = list.exprKind.case === 'listExpr' ? list.exprKind.value.elements : [];
    if (elements.length === 0) throw this.error(expr, 'behind in stands a list of one value or more: [1, 2]');
    const [searched, ...items] = [value, ...elements].map((operand) => this.visit(operand));
    const other = items.find((item) => item.type !== searched.type);
    if (other) throw this.error(expr, `operator 'in' does not take ${searched.type} and ${other.type}`);
    const [, isEqual] = FUNCTIONS['_==_'][`${searched.type} and ${searched.type}`];
    return {
      type: 'boolean',
      run: (values) => {
        const wanted = searched.run(values);
        return items.map((item) => item.run(values)).some((item) => isEqual(wanted, item));
      },
    };
  }

  // The library's positions of operators are those of the space before them.
  offset(expr) {
    const at = this.positions[expr.id] ?? 0;
    return at + /^\s*/.exec(this.text.slice(at))[0].length;
  }

  error(expr, message) {
    return new ExpressionError(this.offset(expr), message);
  }
}

/**
 * Compiles an expression.
 * @param columns Slots ({ index, name, type }) by name; null for a column whose rule is wrong.
 * @returns Its type, run(values by slot), the slots that it reads, and whether an event can make it fail.
 * @throws ExpressionError, with the offset of the mistake; -1: what is wrong is another rule.
 */
function compile(text, columns) {
  if (text.length > MAX_LENGTH) throw new ExpressionError(MAX_LENGTH, `an expression has at most ${MAX_LENGTH} characters`);
  let tree;
  try {
    tree = parse(text);
  } catch (error) {
    const unclosed = error.found === "'" || error.found === '"';
    const message = unclosed ? 'the text that begins here has no closing quote' : error.rawMessage ?? error.message;
    throw new ExpressionError(error.location?.start.offset ?? 0, message);
  }
  const compiler = new Compiler(text, tree.sourceInfo.positions, columns);
  const { type, run } = compiler.visit(tree.expr);
  const reads = [...compiler.reads];
  if (reads.length > 0) return { type, run, reads, canFail: compiler.canFail };
  try {
    const value = type === 'number' ? decimal.toColumn(run([])) && run([]) : run([]);
    return { type, run: () => value, reads, canFail: false };
  } catch (error) {
    throw error instanceof decimal.ArithmeticError ? new ExpressionError(0, `fails for every event: ${error.message}`) : error;
  }
}

module.exports = { ExpressionError, compile };
