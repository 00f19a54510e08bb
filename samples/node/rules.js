'use strict';
// The JSON of rules as docs/rules.md has it: read and checked as a whole, each mistake with its place.
const jsonc = require('jsonc-parser');
const { ExpressionError, compile } = require('./expression');

const BUILT_IN = { type: 'text', user: 'text', ts: 'number', value: 'number', line: 'number', offset: 'number' };
const DEFAULT = `{
  "rules": [
    { "drop": "type == 'view'" },
    { "drop": "value < 10" },
    { "set": "rule", "to": "'min_value_and_type'" }
  ]
}
`;
const MAX_BYTES = 1 << 20;
const MAX_RULES = 1000;
const MAX_MISTAKES = 100;
const RESERVED = new Set(('true false null in as break const continue else for function if import let loop package namespace return var '
  + 'void while and or not iif').split(' '));
const MEMBERS = 'either "drop" or both "set" and "to"';
const SHOWN = 50;

/** The text of a rules file, checked: its rules, the columns that events have after them, and all mistakes. */
class RuleSet {
  constructor(text) {
    this.text = text === '' ? DEFAULT : text;
    this.mistakes = [];
    this.rules = [];
    this.slots = [];
    this.columns = new Map();
    for (const [name, type] of Object.entries(BUILT_IN)) this.declare(name, type);
    this.read();
  }

  /** The mistakes as one text. */
  describe() {
    const lines = this.mistakes.map(({ rule, line, column, message }) =>
      rule ? `rule ${rule} (line ${line}, column ${column}): ${message}` : `line ${line}, column ${column}: ${message}`);
    return `the rules are wrong${lines.length === 1 ? ': ' : `, ${lines.length} mistakes:\n`}${lines.slice(0, SHOWN).join('\n')}`;
  }

  read() {
    if (Buffer.byteLength(this.text) > MAX_BYTES) return this.fail(0, 0, `the rules are longer than ${MAX_BYTES} bytes`);
    const errors = [];
    const root = jsonc.parseTree(this.text, errors, { allowTrailingComma: true });
    for (const { error, offset } of errors) this.fail(0, offset, `no valid JSON: ${jsonc.printParseErrorCode(error)}`);
    if (errors.length > 0) return undefined;
    const members = root?.type === 'object' ? root.children : [];
    const [name, rules] = members[0]?.children ?? [];
    if (members.length !== 1 || name.value !== 'rules' || rules.type !== 'array' || rules.children.length > MAX_RULES) {
      return this.fail(0, root?.offset ?? 0, `the rules are an object, {"rules":[...]}, of at most ${MAX_RULES} rules and nothing else`);
    }
    rules.children.forEach((rule, index) => this.mistakes.length < MAX_MISTAKES && this.readRule(rule, index + 1));
    return undefined;
  }

  readRule(node, number) {
    const members = {};
    for (const [{ value: name }, value] of (node.children ?? []).map((member) => member.children ?? [{}])) {
      const isKnown = ['drop', 'set', 'to', 'comment'].includes(name) && value.type === 'string' && !/\p{Cs}/u.test(value.value);
      if (!isKnown || members[name]) return this.fail(number, node.offset, `a rule has ${MEMBERS}, perhaps "comment": texts, each once`);
      members[name] = value;
    }
    const { drop, set, to } = members;
    if (node.type !== 'object' || (drop ? set || to : !set || !to)) return this.fail(number, node.offset, `a rule has ${MEMBERS}`);
    const expression = this.compile(number, drop ?? to);
    return drop ? this.addDrop(number, drop, expression) : this.addSet(number, set, to, expression);
  }

  addDrop(number, drop, expression) {
    if (!expression) return;
    if (expression.type === 'boolean') this.rules.push({ expression });
    else this.fail(number, drop.offset + 1, `a drop rule needs a boolean, this is a ${expression.type}`);
  }

  addSet(number, { value: name, offset }, to, expression) {
    const before = this.columns.get(name);
    if (name === 'line' || name === 'offset' || RESERVED.has(name)) {
      const why = RESERVED.has(name) ? 'is a word of the language of rules' : 'tells where an event came from';
      this.fail(number, offset + 1, `'${name}' cannot be set: it ${why}`);
    } else if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
      this.fail(number, offset + 1, "a column's name is 1 to 64 letters, digits and '_', and does not begin with a digit");
    } else if (expression && before && before.type !== expression.type) {
      this.fail(number, to.offset + 1, `column '${name}' is a ${before.type}, this is a ${expression.type}`);
    } else if (expression) {
      this.rules.push({ expression, target: this.declare(name, expression.type) });
      return;
    }
    if (!before) this.columns.set(name, null);
  }

  compile(number, node) {
    try {
      return compile(node.value, this.columns);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const start = node.offset + 1;
      if (error.offset >= 0) this.fail(number, start + written(this.text.slice(start), error.offset), error.message);
      return undefined;
    }
  }

  declare(name, type) {
    const slot = { index: this.slots.length, name, type };
    this.slots.push(slot);
    this.columns.set(name, slot);
    return slot;
  }

  fail(rule, offset, message) {
    const lines = this.text.slice(0, offset).split('\n');
    this.mistakes.push({ rule, line: lines.length, column: lines.at(-1).length + 1, message });
  }
}

// How long a JSON string's first characters are as written: an escape sequence is one of them.
const written = (json, characters) => new RegExp(`^(?:\\\\u.{4}|\\\\.|[^\\\\]){0,${characters}}`).exec(json)[0].length;

module.exports = { RuleSet };
