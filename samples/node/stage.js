'use strict';
// The stage "rules" as a process of its own: applies a run's rules to events, and scores work items. A stage of yours changes what stands
// here; hop.js, attempt.js, broker.js, failure.js and contracts.js are the contract, and know nothing of rules.
const { StageFailure } = require('./failure');
const { serve } = require('./hop');
const { Program } = require('./program');
const { RuleSet } = require('./rules');
const { score } = require('./work-items');

/** A run's rules, and what it is refused for: mistakes in them, or columns that events do not have. */
function read({ rules, group_by }, wanted = []) {
  const ruleSet = new RuleSet(rules);
  const unknown = [...group_by, ...wanted].filter((name) => !ruleSet.columns.has(name));
  const known = [...ruleSet.columns.keys()].join(', ');
  const errors = ruleSet.mistakes.length > 0 ? ruleSet.mistakes.map((mistake) => ({ option: 'rules', ...mistake }))
    : unknown.map((name) => ({ option: 'group_by', message: `unknown column '${name}': the events have ${known}` }));
  return { ruleSet, errors };
}

serve({
  role: 'rules',
  version: '1.0.0',
  accepts: ['events', 'work_items'],
  emits: ['events', 'work_items'],
  check: (options) => read(options).errors,
  open(options, wanted) {
    const { ruleSet, errors } = read(options, wanted);
    if (ruleSet.mistakes.length > 0) throw new StageFailure('invalid_rules', ruleSet.describe());
    if (errors.length > 0) throw new StageFailure('invalid_options', errors[0].message);
    const program = new Program(ruleSet, wanted);
    return { columns: program.columns, events: (batch) => program.apply(batch), workItems: (items) => items.map(score) };
  },
});
