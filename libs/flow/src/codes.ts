import type { ENGINE_CODES } from '@sluice/plugin-api';

/** The description of a code of the lint, for the reference. */
export interface FindingRow {
  /** `either`: an error or a warning, as the cause says. */
  readonly severity: 'error' | 'warning' | 'either';
  /** The usual message, with `…` for the parts that vary. */
  readonly message: string;
  readonly cause: string;
  readonly cure: string;
}

/** All codes of findings, in the order of the reference. A code is never reused for another meaning. */
export const FINDING_CODES = {
  FILE_NOT_UTF8: {
    severity: 'error',
    message: 'this is not UTF-8; it looks like …',
    cause: 'the file is stored in another encoding',
    cure: 'save it as UTF-8',
  },
  FILE_SIZE: {
    severity: 'error',
    message: 'the file has more than …',
    cause: 'the file is so large that its check would take all the memory of a host',
    cure: 'divide it into several files, or keep large data out of it',
  },
  FLOW_EMPTY: {
    severity: 'error',
    message: 'this file contains no flow',
    cause: 'the file is empty or contains only comments',
    cure: 'write a flow, or delete the file',
  },
  FLOW_ERRORS: {
    severity: 'error',
    message: 'this file has more than … errors',
    cause: 'the file has more errors than the lint lists; the others are not shown',
    cure: 'correct the first ones: they may have caused many of the others',
  },
  FLOW_WARNINGS: {
    severity: 'warning',
    message: 'this file has more than … warnings',
    cause: 'the file has more warnings than the lint lists; the others are not shown',
    cure: 'correct the first ones, or divide the file',
  },
  YAML_SYNTAX: {
    severity: 'error',
    message: 'a tab cannot indent; a key must be a text; the key "…" is written twice here',
    cause: 'the YAML cannot be read, or contains a construct that is not allowed: a tag, a directive, a key that is not a text',
    cure: 'check the indentation, the colons and the quotes of the line and of the line above',
  },
  YAML_QUOTE: {
    severity: 'error',
    message: 'an expression inside { } or [ ] must be quoted',
    cause: 'a value contains ": ", " #", a bracket or a quote that YAML reads as its own',
    cure: 'put the whole value in quotes, as the finding writes it',
  },
  YAML_ALIAS: {
    severity: 'error',
    message: '"*" begins a YAML alias, so … is not a text',
    cause: 'anchors, aliases and merge keys are not allowed, because an alias is often a forgotten quote',
    cure: "put the value in quotes: '*.created'",
  },
  YAML_EMPTY: {
    severity: 'error',
    message: '"…" has no value',
    cause: 'a key or an item of a list has no value, often because only a comment follows it',
    cure: 'write the value, write null if nothing is meant, or delete the line',
  },
  YAML_SPELLING: {
    severity: 'error',
    message: '… is read as …',
    cause: 'a second spelling of null, true or false, or a number that cannot be sent, such as .inf',
    cure: 'write null, true or false, or put the text in quotes',
  },
  YAML_NUMBER: {
    severity: 'error',
    message: '… is read as the number …',
    cause: 'the number would change: it begins with 0 or +, ends with 0, or has too many digits',
    cure: "put it in quotes if it is a text, such as a telephone number or an account: '0101'",
  },
  YAML_CHARACTER: {
    severity: 'error',
    message: '… stands outside of quotes; the invisible character … stands here',
    cause: 'the file contains a character that looks like another one or is invisible',
    cure: 'write the ordinary character, or put the text in quotes',
  },
  YAML_DEPTH: {
    severity: 'error',
    message: 'the file nests more than … levels',
    cause: 'maps and lists are nested too deep',
    cure: 'keep large data out of the file, or divide it into steps and flows',
  },
  FLOW_UNKNOWN_KEY: {
    severity: 'error',
    message: '"…" is not a key of …',
    cause: 'a key is misspelt, stands at the wrong place, or belongs to another verb',
    cure: 'write the nearest key, which the finding names, or move the key',
  },
  FLOW_VALUE: {
    severity: 'error',
    message: 'must be …, not …',
    cause: 'a value has the wrong type or is out of bounds, or a key that is needed is missing',
    cure: 'write a value that the message describes',
  },
  FLOW_DURATION: {
    severity: 'error',
    message: '…: … has no unit',
    cause: 'a duration is a number with one of the units ms, s, m, h and d',
    cure: 'add the unit: 30s',
  },
  FLOW_NAME: {
    severity: 'error',
    message: '"…" is not a valid name',
    cause: 'a name contains a character that names, queues or expressions cannot contain, or is a word of the language',
    cure: 'flows and connections: incoming-call; steps and constants: saveOrder',
  },
  FLOW_DUPLICATE: {
    severity: 'error',
    message: 'two steps of this flow are called "…"',
    cause: 'two flows, two steps or two constants have one name',
    cure: 'rename one of the two',
  },
  FLOW_ROUTE: {
    severity: 'error',
    message: 'the flow "…" … receives the same requests: …',
    cause: 'two flows have one method and one path, where all `{name}` are alike, so only one of them could receive requests',
    cure: 'write another path or method, or join the two flows',
  },
  FLOW_VERB: {
    severity: 'error',
    message: 'a step does one thing: … or …',
    cause: 'a step has no verb, or more than one',
    cure: 'add a verb, or make two steps of it',
  },
  FLOW_NOT_YET: {
    severity: 'error',
    message: '… comes with a later release',
    cause: 'the key belongs to the language, but this release cannot run it',
    cure: 'the finding names a substitute where there is one; otherwise leave the key out',
  },
  REF_PLUGIN: {
    severity: 'error',
    message: 'no plugin is called "…"',
    cause: 'sluice.yaml lists no plugin of this name, or the plugin cannot be loaded',
    cure: 'correct the name, or add the plugin to `plugins` in sluice.yaml and install it',
  },
  REF_ACTION: {
    severity: 'error',
    message: '… has no … "…"',
    cause: 'the plugin has no action or no trigger of this name',
    cure: 'write one that the finding lists',
  },
  REF_CONNECTION: {
    severity: 'error',
    message: 'no connection is called "…"',
    cause: 'the connection is not in sluice.yaml, belongs to another plugin, is missing, or is not needed',
    cure: 'name a connection of the plugin, add one to sluice.yaml, or delete the line',
  },
  REF_FLOW: {
    severity: 'error',
    message: 'no flow is called "…"',
    cause:
      'a `call` names a flow that does not exist, has another trigger than `flow`, or calls its caller again and has `deliver.key` or `deliver.concurrency`',
    cure: 'name a flow with trigger: { use: flow }; in a circle of calls delete `key` and `concurrency`, or one of the calls',
  },
  REF_STEP: {
    severity: 'error',
    message: 'no step is called "…"',
    cause: 'an expression or a test names a step that does not exist or has no result',
    cure: 'write the id of a step that runs before',
  },
  REF_STEP_LATER: {
    severity: 'error',
    message: 'step "…" has not run yet here',
    cause: 'an expression reads a step that comes later or stands in another branch',
    cure: 'move the step behind the one that it reads',
  },
  REF_STEP_MAYBE: {
    severity: 'warning',
    message: 'step "…" may have been skipped',
    cause: 'the step that is read has an `if` or stands in a branch',
    cure: 'write a default: steps.x.y ?? null',
  },
  REF_VAR: {
    severity: 'error',
    message: 'no constant is called "…"',
    cause: 'neither the flow nor sluice.yaml has this constant',
    cure: 'correct the name, or add the constant to `vars`',
  },
  REF_REMOTE: {
    severity: 'error',
    message: '… has no operation …',
    cause: 'the remote system, which the lint asked, does not have what the step names, such as an operation of a web service',
    cure: 'correct the name, or publish it in the remote system',
  },
  EXPR_UNCLOSED: {
    severity: 'error',
    message: 'this expression has no end: "}}" is missing',
    cause: 'a text opens an expression and does not close it',
    cure: 'add "}}"',
  },
  EXPR_SIZE: {
    severity: 'error',
    message: 'an expression has at most … characters, but this one has …',
    cause: 'the expression is too long or nested too deep',
    cure: 'compute a part of it in a step, with set',
  },
  EXPR_SYNTAX: {
    severity: 'error',
    message: 'JSONata writes "not" as a function, $not(…)',
    cause: 'JSONata cannot read the expression, often because it is written as in another language',
    cure: 'write it as the finding shows, or check its brackets, quotes and operators',
  },
  EXPR_IN_KEY: {
    severity: 'error',
    message: 'a key cannot be an expression',
    cause: 'an expression stands left of the colon',
    cure: "write the whole object as an expression: '${{ {name: value} }}'",
  },
  EXPR_ROOT: {
    severity: 'error',
    message: 'an expression begins with trigger, steps, vars, env, error, run …, not with "…"',
    cause: 'the first name is none of the roots, or this root cannot be read here',
    cure: 'begin with a root: trigger.data.number',
  },
  EXPR_INNER_ROOT: {
    severity: 'error',
    message: 'names here belong to the item, so JSONata searches "…" in the item',
    cause: 'inside of a filter, a mapping or a transform a name belongs to the item, not to the roots',
    cure: 'begin with $$: $$.trigger.data.number',
  },
  EXPR_BRACKET_KEY: {
    severity: 'error',
    message: 'a text in [ ] is a true condition and selects everything',
    cause: 'a["key"] is no access to a field in JSONata',
    cure: 'write a.`key`',
  },
  EXPR_KEY_QUOTES: {
    severity: 'error',
    message: 'an unquoted key is a path: JSONata reads the key from a field "…"',
    cause: 'a key of an object in an expression has no quotes',
    cure: 'put the key in double quotes',
  },
  EXPR_FUNCTION: {
    severity: 'error',
    message: 'there is no function "$…"',
    cause: 'the function does not exist, has no "$", or is not available, such as $eval',
    cure: 'write the nearest function, or another one of the reference of expressions',
  },
  EXPR_REGEX: {
    severity: 'error',
    message: 'look-around (…) is not available: it can take seconds on a short text',
    cause: 'RE2, whose time is proportional to the text, cannot compile the regular expression',
    cure: 'write it without look-around and back-references',
  },
  EXPR_SECRET: {
    severity: 'error',
    message: '… fills a secret field, so a flow cannot read it',
    cause: 'an expression reads a variable with a secret or a setting of the host',
    cure: 'use another variable, or keep the secret in the connection',
  },
  EXPR_CHARACTER: {
    severity: 'error',
    message: 'a typographic quote: an expression accepts only " and \'',
    cause: 'the expression contains a quote, a dash or a space that only looks like the ordinary one',
    cure: 'write the ordinary character',
  },
  EXPR_NUMBER: {
    severity: 'error',
    message: 'the number … is rounded to …',
    cause: 'a number in the expression has more digits than a number can keep',
    cure: 'put it in quotes if it is a text',
  },
  EXPR_FIELD: {
    severity: 'either',
    message: '… has no "…"',
    cause: 'the schema of the trigger or of the action has no such field; a warning where other fields are possible',
    cure: 'write the nearest field, which the finding names',
  },
  EXPR_MISSING: {
    severity: 'error',
    message: '… has no value',
    cause: 'an expression that is evaluated at the start has no value',
    cure: 'write a default with ?? or leave the key out with ?? $omit',
  },
  EXPR_TEXT: {
    severity: 'error',
    message: '… is …, which cannot stand inside a text',
    cause: 'an expression that is evaluated at the start cannot become a part of a text',
    cure: 'only texts, numbers and booleans can stand inside a text: use $string(…) or $join(…)',
  },
  EXPR_VALUE: {
    severity: 'error',
    message: 'the value of the expression is …, which is not data',
    cause: 'an expression that is evaluated at the start returns a function or another value that JSON does not have',
    cure: 'return data',
  },
  EXPR_NOT_BOOLEAN: {
    severity: 'error',
    message: '… is …, not true or false',
    cause: 'a condition that is evaluated at the start is neither true nor false',
    cure: 'compare it with a value',
  },
  EXPR_FAILED: {
    severity: 'error',
    message: 'a constant cannot use …',
    cause: 'an expression that is evaluated at the start fails, or reads a value that exists only in a run',
    cure: 'correct it, or compute it in a step, with set',
  },
  EXPR_LIMIT: {
    severity: 'error',
    message: 'the result is larger than 4 MiB',
    cause: 'an expression that is evaluated at the start takes too long or returns too much',
    cure: 'simplify it',
  },
  EXPR_LIST: {
    severity: 'warning',
    message: 'this is a list for several matches, the bare value for one match, and no value without a match',
    cause: 'JSONata returns a bare value instead of a list of one',
    cure: 'write [ ] around it for a list in all cases',
  },
  EXPR_PRECEDENCE: {
    severity: 'warning',
    message: '"??" has the lowest precedence: beside another operator it needs parentheses',
    cause: 'a ?? b & c means a ?? (b & c)',
    cure: 'write the parentheses',
  },
  EXPR_NOT_EQUAL: {
    severity: 'warning',
    message: '"!=" is false when … is missing',
    cause: 'comparing with a missing field is false, whatever the operator',
    cure: 'write $not(a = b)',
  },
  EXPR_MAYBE: {
    severity: 'warning',
    message: '"…" may be absent',
    cause: 'the field is optional in the schema, and the run fails without it',
    cure: 'write a default with ?? or leave the key out with ?? $omit',
  },
  EXPR_MIXED_SCRIPT: {
    severity: 'warning',
    message: '"…" mixes Cyrillic and Latin letters',
    cause: 'one word contains letters of both alphabets, which look the same',
    cure: 'write the word in one alphabet',
  },
  EXPR_CONCAT: {
    severity: 'warning',
    message: '"&" treats a missing … as an empty text; a template would fail',
    cause: '& joins a missing field as an empty text',
    cure: 'write (field ?? "") if that is meant',
  },
  EXPR_MARK: {
    severity: 'warning',
    message: '… is a text here: an expression is written between "${{" and "}}"',
    cause: 'the text contains the expression marks of another system',
    cure: 'write ${{ … }}',
  },
  EXPR_UNMARKED: {
    severity: 'warning',
    message: '… is a text here: an expression is written between "${{" and "}}"',
    cause: 'the whole text is an expression without its marks, so the text itself is sent in place of the value',
    cure: 'write ${{ … }} around it; if the text itself is meant: ${{ "trigger.data.total" }}',
  },
  ENV_MISSING: {
    severity: 'error',
    message: 'the environment has no …',
    cause: 'an expression reads a variable that is not set',
    cure: 'set it before the start, or write env.NAME ?? "…"',
  },
  SECRET_LITERAL: {
    severity: 'error',
    message: '… is a secret and must come from the environment',
    cause: 'a secret stands in the file',
    cure: 'write ${{ env.NAME }} and set the variable',
  },
  SETTING_TIMEZONE: {
    severity: 'error',
    message: '… needs a time zone',
    cause: 'a date function or a calendar has no time zone, or the time zone does not exist',
    cure: 'settings: { timezone: Europe/Moscow }',
  },
  POLICY_RETRY: {
    severity: 'warning',
    message: '… is not idempotent: … does not repeat it once it may have been carried out …',
    cause: 'the flow asks for retries, and the action may not be repeated',
    cure: 'add `idempotent` to `with` where the action has it, or check the parked runs regularly',
  },
  POLICY_FAILURES: {
    severity: 'warning',
    message: '"…" goes on after failures, but nothing reads how many items failed',
    cause: 'a loop has `onFailure: continue`, and no expression reads `failed`, `errors` or `succeeded` of the step',
    cure: 'add the step that the finding shows, or delete `onFailure`: the step then fails after the last item',
  },
  POLICY_ORDER: {
    severity: 'warning',
    message: 'this step sends …, but the runs of this flow are in no order …',
    cause: 'a flow sends the subject or the number of a document to a paced connection, and its runs may overtake each other',
    cure: 'write `deliver.key`, or `deliver.concurrency` if the order does not matter',
  },
  POLICY_CIRCLE: {
    severity: 'warning',
    message: '… calls "…", which calls it again, directly or by way of others',
    cause: 'flows call each other in a circle',
    cure: 'put a call of the circle behind a condition that ends it; `settings.limits.hops` ends it otherwise',
  },
  POLICY_EXPIRES: {
    severity: 'warning',
    message: 'this flow replies, but nothing limits how late',
    cause: 'a flow with a reply has no `deliver.expires`',
    cure: 'deliver: { expires: 30s }',
  },
  POLICY_REPLY: {
    severity: 'warning',
    message: 'the sender does not wait for a reply: the trigger is …',
    cause: 'the flow replies and the trigger does not wait, or it waits and a path does not reply',
    cure: 'add respond: reply to the trigger, reply on each path, or delete the step',
  },
  POLICY_TIMEOUT: {
    severity: 'warning',
    message: '… may take … s, but RabbitMQ requeues the message of a call after … s',
    cause: 'a timeout is longer than the consumer timeout of RabbitMQ, so the call may be made twice',
    cure: 'shorten the timeout, or raise consumer_timeout of RabbitMQ and settings.rabbit.consumerTimeout',
  },
  EVENT_NOBODY_TAKES: {
    severity: 'warning',
    message: 'no flow takes …',
    cause: 'a flow emits events that no flow takes',
    cure: 'correct the type, or add a flow; until then the events wait as unrouted',
  },
  EVENT_NOBODY_EMITS: {
    severity: 'warning',
    message: 'no flow emits …',
    cause: 'the type is nearly that of an event that another flow emits',
    cure: 'write the type that the finding names',
  },
  STEP_UNUSED: {
    severity: 'warning',
    message: 'nothing reads steps.…',
    cause: 'no step reads the result of a `set`',
    cure: 'delete the step',
  },
  FLOW_UNREACHABLE: {
    severity: 'warning',
    message: 'step "…" is never reached: "…" always …',
    cause: 'a step stands after one that always ends the run',
    cure: 'delete it, or add an `if` to the step before it',
  },
  FLOW_CONSTANT: {
    severity: 'warning',
    message: 'this "…" is …',
    cause: 'a condition is true or false, or reads nothing that changes from run to run',
    cure: 'delete it, or correct it',
  },
  TEST_SHAPE: {
    severity: 'error',
    message: '"…" is not a key of …',
    cause: 'a test has a wrong key or value, or its sample does not match the schema of the plugin',
    cure: 'write a key that the finding lists, or correct the sample',
  },
  TEST_EMPTY: {
    severity: 'warning',
    message: 'this test expects nothing, so it always fails',
    cause: 'a test has no `expect`, or an empty one',
    cure: 'add what the test is for, such as expect: { outcome: done }',
  },
  TEST_FAILED: {
    severity: 'error',
    message: '… is …, not …',
    cause: 'an expectation does not hold: reported by `sluice test`, at the place of the expectation',
    cure: 'correct the flow, or the expectation',
  },
  TEST_MOCK: {
    severity: 'error',
    message: 'no call has matched this mock',
    cause:
      'no call was made by the step, its `when` was false for each call, or an earlier mock answered: reported by `sluice test`',
    cure: 'correct `when`, move the mock before the others, or delete it',
  },
  TEST_ENDLESS: {
    severity: 'error',
    message: 'the run has not ended after … h of virtual time',
    cause:
      'a run waits for something that never comes, such as a system that a mock makes unavailable: reported by `sluice test`',
    cure: 'add a timeout to the step, or limit the mock with times',
  },
} as const satisfies Record<string, FindingRow>;

/** A code of a finding. */
export type FindingCode = keyof typeof FINDING_CODES;

/** Codes of errors that an expression throws in a run. At the start they are findings. */
export type ExpressionCode = Extract<keyof typeof ENGINE_CODES, `EXPR_${string}`>;

export function isFindingCode(code: string): code is FindingCode {
  return Object.hasOwn(FINDING_CODES, code);
}
