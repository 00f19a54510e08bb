'use strict';
// The numbers of rules: m / 10^s with |m| below 2^96 and s from 0 to 28, as System.Decimal has them. A result with more digits is rounded,
// half to even, to as many decimals as fit; one that has no room for its whole part fails. No number is ever a double.
const LIMIT = 2n ** 96n;
const MAX_SCALE = 28;
const COLUMN_SCALE = 9;
const COLUMN_LIMIT = 2n ** 63n;
const POWERS = Array.from({ length: 2 * MAX_SCALE + 1 }, (_, exponent) => 10n ** BigInt(exponent));

/** An expression has no value for an event: its line is rejected. */
class ArithmeticError extends Error {}

const abs = (n) => n < 0n ? -n : n;

function divideRounded(n, d) {
  const quotient = n / d;
  const twice = 2n * abs(n % d);
  const up = twice > abs(d) || (twice === abs(d) && (quotient & 1n) === 1n);
  return up ? quotient + ((n < 0n) === (d < 0n) ? 1n : -1n) : quotient;
}

// n / d with as many decimals as fit.
function quotient(n, d) {
  for (let s = MAX_SCALE; s >= 0; s--) {
    const m = divideRounded(n * POWERS[s], d);
    if (abs(m) < LIMIT) return { m, s };
  }
  throw new ArithmeticError('the number is too large');
}

const fit = (m, s) => s <= MAX_SCALE && abs(m) < LIMIT ? { m, s } : quotient(m, POWERS[s]);

function aligned(a, b) {
  return a.s === b.s ? [a.m, b.m, a.s]
    : a.s < b.s ? [a.m * POWERS[b.s - a.s], b.m, b.s]
    : [a.m, b.m * POWERS[a.s - b.s], a.s];
}

function add(a, b) {
  const [x, y, s] = aligned(a, b);
  return fit(x + y, s);
}

function divide(a, b) {
  if (b.m === 0n) throw new ArithmeticError('division by zero');
  return quotient(a.m * POWERS[b.s], b.m * POWERS[a.s]);
}

function remainder(a, b) {
  if (b.m === 0n) throw new ArithmeticError('division by zero');
  const [x, y, s] = aligned(a, b);
  return fit(x % y, s);
}

function compare(a, b) {
  const [x, y] = aligned(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
}

const negate = ({ m, s }) => ({ m: -m, s });
const subtract = (a, b) => add(a, negate(b));
const multiply = (a, b) => fit(a.m * b.m, a.s + b.s);

/** As a column holds it: at most nine decimals, none of them a zero at the end, and within 64 bits. */
function toColumn(a) {
  let [m, s] = a.s > COLUMN_SCALE ? [divideRounded(a.m, POWERS[a.s - COLUMN_SCALE]), COLUMN_SCALE] : [a.m, a.s];
  while (s > 0 && m % 10n === 0n) {
    m /= 10n;
    s--;
  }
  if (abs(m) >= COLUMN_LIMIT) throw new ArithmeticError('the number has no room in its column');
  return { m, s };
}

/** The digits of a number with more decimals; undefined where they have no room in a column. */
function rescale({ m, s }, scale) {
  const wide = m * POWERS[scale - s];
  return wide < COLUMN_LIMIT && wide >= -COLUMN_LIMIT ? wide : undefined;
}

/** A literal: digits, perhaps with a point between them. */
function parse(text) {
  const [whole, decimals = ''] = text.split('.');
  return { m: BigInt(whole + decimals), s: decimals.length };
}

module.exports = { ArithmeticError, add, compare, divide, multiply, negate, parse, remainder, rescale, subtract, toColumn };
