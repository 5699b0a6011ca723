import type { JsonSchema } from './json-schema.js';

/** Descriptions of the keys of a flow, by their paths. `step` is a step of any list; the keys of a list's items follow the list. */
const FLOW_KEYS: Readonly<Record<string, string>> = {
  sluice: 'The version of the language: 1.',
  flow: 'The name of the flow, unique in the workspace: small letters, digits and single dashes.',
  description: 'A text for people.',
  vars: 'Constants of this flow, added to those of sluice.yaml. They may use `env` only, and never change during a run.',
  trigger: 'What starts a run.',
  'trigger.use': '`event`, `schedule`, `flow`, or `<plugin>.<trigger>` such as `http.endpoint`.',
  'trigger.connection': 'The connection, when the trigger of the plugin needs one.',
  'trigger.with': 'The options of the trigger. They are read once, at the start, so they can use `env` and `vars` only.',
  'trigger.where': 'A condition over `trigger`, `vars` and `env`. An event for which it is false is not taken by this flow.',
  deliver: 'How the events of this flow are delivered.',
  'deliver.key':
    'Runs with equal keys run one after another, in the order of acceptance, over all hosts. Without it: in parallel.',
  'deliver.onPark': 'Only with `key`: `hold` makes the later runs of a key wait until a parked run was replayed or dropped.',
  'deliver.concurrency': 'Maximum runs in progress at once, over all hosts. Not together with `key`.',
  'deliver.expires':
    'Time from acceptance after which a run ends as `expired`. Looked at before each step and while a call waits.',
  'deliver.dedupe': 'Events with the same key within a time run once.',
  'deliver.dedupe.key': 'A text template over `trigger`, `vars` and `env`.',
  'deliver.dedupe.within': 'How long a key is remembered. A run that is dropped or expires releases its key.',
  'deliver.dedupe.onDuplicate': 'What happens to a repeated event.',
  'deliver.retry': 'How often a step is tried, and how long the pauses are.',
  'deliver.retry.attempts': 'Tries of one step, the first included.',
  'deliver.retry.backoff': 'The pause is doubled each time, or stays the same. Always ±20 %; a longer Retry-After wins.',
  'deliver.retry.initial': 'The first pause, at least 1s.',
  'deliver.retry.max': 'The longest pause.',
  'deliver.maxBody': 'The largest body of this flow; default `settings.limits.event`.',
  'deliver.onExhausted': 'What becomes of a run that failed for good: parked for a person, or dropped.',
  journal:
    '`changes`: runs that called 1C, failed, were repeated or parked. `all`: every run. `full`: also the inputs and outputs of steps. `off`: none.',
  note: 'What people search the runs by, such as `Order ${{ trigger.data.number }}`. Evaluated when the run begins.',
  steps: 'The steps, in their order.',
  catch: 'Steps that run when a step has failed and nothing around it handled that.',
  'step.id': 'The name of the step, unique in the flow. Its output is `steps.<id>`.',
  'step.if': 'False: the step is skipped, and `steps.<id>` does not exist.',
  'step.use': 'Calls an action of a plugin: `<plugin>.<action>`. Its output is the output of the step.',
  'step.set': 'Computes a value, which is the output of the step.',
  'step.switch': 'Runs the steps of the first case whose `when` is true, or those of `otherwise`.',
  'step.switch.cases': 'Conditions with their steps, tried in order.',
  'step.switch.otherwise': 'Steps for all other cases; `[]` does nothing.',
  'step.forEach': 'Runs its steps once for each item of a list.',
  'step.forEach.in': 'One whole expression whose value is a list.',
  'step.forEach.as': 'The name of the item in expressions; `item` when absent.',
  'step.forEach.onFailure':
    '`finish`: the other items run, then the step fails. `stop`: no further item begins. `continue`: the step succeeds; look at `failed`.',
  'step.forEach.output': 'The result of an item. When absent: the output of the last inner step.',
  'step.forEach.steps': 'The steps of each item.',
  'step.try': 'Runs its steps; a failure of one of them leads to `catch`.',
  'step.try.steps': 'The steps that may fail.',
  'step.try.catch': 'The steps after a failure. They see `error`; `raise: {}` fails with the same error again.',
  'step.call': 'Runs another flow and waits for its first reply or its end.',
  'step.call.flow': 'The name of a flow with the trigger `flow`.',
  'step.call.data': 'The data of the called flow: its `trigger.data`.',
  'step.emit': 'Publishes an event, confirmed by the broker.',
  'step.emit.type': 'The type of the event, such as `order.created`.',
  'step.emit.data': 'The body of the event.',
  'step.emit.subject': 'What the event is about; the subject of the trigger when absent.',
  'step.emit.correlationid': 'The id that ties events together; that of the trigger, else its id, when absent.',
  'step.emit.partitionkey': 'The key of the order; the value of `deliver.key` when absent.',
  'step.emit.datacontenttype': 'The type of the body; `application/json` when absent.',
  'step.emit.after': 'A durable delay before the event is delivered.',
  'step.reply': 'Answers the sender that waits. The run goes on; the first reply counts.',
  'step.reply.status': 'A whole number from 200 to 599; 200 when absent. From 400 on it is a failure.',
  'step.reply.headers': 'Headers of the answer.',
  'step.reply.data': 'The body of the answer.',
  'step.stop': 'Ends the run well, with the outcome `stopped`.',
  'step.stop.reason': 'The reason, for the journal.',
  'step.raise': 'Fails with an error. `{}` in a handler fails with the handled error again.',
  'step.raise.code': 'A code of your own: capital letters, digits and `_`.',
  'step.raise.message': 'What happened, for people.',
  'step.raise.fate': '`rejected`: the run is parked. `fatal`: the connection is at fault as well.',
  'step.raise.details': 'Whatever helps the reader of the error.',
  'step.connection': 'The connection of the action, or one whole expression with its name.',
  'step.with': 'The input of the action.',
  'step.timeout': 'The whole step, from its beginning to its result: waiting for the pace, every attempt, the pauses between.',
  'step.priority': 'The class of the call in the pace of its connection.',
  'step.retry': 'Replaces `deliver.retry` for this step as a whole.',
  'step.onError': 'Outputs in place of a failure: the first entry whose `when` is true.',
  'step.onError.when': 'A condition over `error`; always when absent.',
  'step.onError.output': 'The output of the step after the failure.',
};

/** Descriptions of the keys of tests, beside a flow and in a file of their own. */
const TEST_KEYS: Readonly<Record<string, string>> = {
  tests: 'Tests of this flow: `sluice test` runs them without any server.',
  'tests.name': 'A sentence that says what the flow does.',
  'tests.now': 'The virtual clock at the start, in ISO 8601; a Monday, 09:00 in `settings.timezone`, when absent.',
  'tests.env': 'Variables of the environment in this test.',
  'tests.trigger': 'The event that starts the run. Attributes that are absent here are filled in.',
  'tests.triggers': 'In place of `trigger`: several events, each with its time `at` after the start.',
  'tests.triggers.at': 'Virtual time from the start of the test to the event.',
  'tests.mocks': 'Answers in place of calls, by step id. Without one an action succeeds with `{}`.',
  'tests.expect': 'What the run must have done. Keys that are absent here are not compared.',
  'tests.expect.outcome': 'How the run ends.',
  'tests.expect.calls': 'By step id: a map is exactly one call that contains it, a list exactly these calls, `[]` no call.',
  'tests.expect.events': 'Exactly the events that are emitted, in order.',
  'tests.expect.reply': 'The reply: `status`, `headers`, `data`.',
  'tests.expect.error': 'The error with which the run failed.',
  'tests.expect.steps': 'Outputs by step id.',
  'tests.expect.took': 'Virtual time from acceptance to the end.',
  'tests.expect.that': 'Conditions over `outcome`, `calls`, `events`, `reply`, `steps` and `error`.',
};

/** Descriptions of the keys of sluice.yaml. `*` is the name of a connection or an issuer. */
const WORKSPACE_KEYS: Readonly<Record<string, string>> = {
  sluice: 'The version of the language: 1.',
  plugins: 'npm packages or `./folders`, loaded in this order.',
  vars: 'Constants of all flows. They may use `env`.',
  issuers: 'Who signs tokens, and which rights they may have.',
  settings: 'Settings of all flows.',
  'settings.timezone': 'The IANA name of the time zone for calendars, schedules and date functions.',
  'settings.country': 'The country whose rules `$phone` applies.',
  'settings.limits': 'Limits of events and parked runs.',
  'settings.limits.event': 'The largest body of an event.',
  'settings.limits.hops': 'Maximum events in a chain, each emitted by a run of the one before.',
  'settings.limits.parked': 'Maximum bytes of parked runs for one issuer.',
  'settings.retention': 'How long records are kept.',
  connections: 'The remote systems, by name.',
  'connections.*.use': 'The plugin.',
  'connections.*.with': 'The options of the connection. A secret field is an expression with `env`.',
  'connections.*.pace': 'How fast the remote system is called, over all hosts.',
  'connections.*.pace.concurrency': 'Calls in flight.',
  'connections.*.pace.concurrency.max': 'Never more calls in flight.',
  'connections.*.pace.concurrency.start': 'Calls in flight at the start.',
  'connections.*.pace.concurrency.adaptive': 'False: `max` is the limit at any time.',
  'connections.*.pace.rate': 'Calls per time, such as `50/s`.',
  'connections.*.pace.latencyTarget': 'The limit does not grow while calls take longer.',
  'connections.*.pace.shares': 'Minimum share of each class while all wait.',
  'connections.*.pace.breaker': 'When the connection is considered closed, and how it is probed.',
  'connections.*.pace.calendar': 'Windows of time with other limits.',
  'connections.*.pace.timezone': 'The time zone of the calendar.',
};

/** Returns the schema of flows with the descriptions of the keys of the language. */
export function describeFlowKeys(schema: JsonSchema): JsonSchema {
  return describeAll(schema, { ...FLOW_KEYS, ...TEST_KEYS }, (path) =>
    path[0] === 'step' ? ['definitions', 'step', ...path.slice(1)] : path,
  );
}

/** Returns the schema of files with tests with the descriptions of their keys. */
export function describeTestKeys(schema: JsonSchema): JsonSchema {
  return describeAll(schema, TEST_KEYS, (path) => path);
}

/** Returns the schema of sluice.yaml with the descriptions of the keys of the language. */
export function describeWorkspaceKeys(schema: JsonSchema): JsonSchema {
  return describeAll(schema, WORKSPACE_KEYS, (path) => path);
}

function describeAll(
  schema: JsonSchema,
  keys: Readonly<Record<string, string>>,
  placed: (path: readonly string[]) => readonly string[],
): JsonSchema {
  return Object.entries(keys).reduce((all, [path, about]) => describe(all, placed(path.split('.')), about), schema);
}

/** Returns a copy of the schema in which the key at the path has the description. Throws for a path that the schema does not have. */
function describe(schema: JsonSchema, [name, ...rest]: readonly string[], description: string): JsonSchema {
  if (name === undefined) return { ...schema, description };
  const next = (key: string) => ({ ...schema, [key]: describe(schema[key] as JsonSchema, [name, ...rest], description) });
  if (name === 'definitions') {
    const definitions = schema['definitions'] as Readonly<Record<string, JsonSchema>>;
    const [definition = '', ...below] = rest;
    return {
      ...schema,
      definitions: { ...definitions, [definition]: describe(definitions[definition] ?? {}, below, description) },
    };
  }
  if (name === '*')
    return { ...schema, additionalProperties: describe(schema['additionalProperties'] as JsonSchema, rest, description) };
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
  const own = properties?.[name];
  if (own) return { ...schema, properties: { ...properties, [name]: describe(own, rest, description) } };
  if (schema['items']) return next('items');
  const variants = schema['anyOf'] as readonly JsonSchema[] | undefined;
  const at = variants?.findIndex((one) => (one['properties'] as JsonSchema | undefined)?.[name] !== undefined) ?? -1;
  if (!variants || at < 0) throw new Error(`the schema has no key "${name}"`);
  return { ...schema, anyOf: variants.map((one, index) => (index === at ? describe(one, [name, ...rest], description) : one)) };
}
