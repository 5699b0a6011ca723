import { z } from 'zod';
import { action, reading, type ResponseOf } from './route.js';
import { CAPSULE, ERROR, EVENT } from './capsule.js';
import {
  Count,
  Id,
  MAX_PAGE_SIZE,
  MAX_PRUNED_QUEUES,
  NoteText,
  PAGE_REQUEST,
  pageOf,
  StoryLimit,
  Text,
  Time,
} from './schemas.js';

const STATES = ['parked', 'replaying', 'replayed', 'dropped'] as const;
const PARKED_RUN = z.object({
  run: z.string(),
  epoch: Count.describe('0 for the first time, otherwise the number of the replay: greater for a later one'),
  flow: z.string(),
  revision: z.string(),
  event: EVENT,
  step: z.string().exactOptional(),
  error: ERROR,
  note: z.string().exactOptional(),
  parkedAt: Time,
  state: z.enum(STATES),
});
/** Selects parked runs. */
const PARKED_FILTER = {
  flow: Text.max(300).exactOptional(),
  state: z.enum([...STATES, 'all']).default('parked'),
  run: Text.min(1).max(300).exactOptional().describe('The beginning of the id'),
  note: NoteText.exactOptional(),
  code: Text.max(300).exactOptional().describe('Code of the error'),
  step: Text.max(300).exactOptional().describe('Id of the step at which the run failed, in any item of a loop; or its path'),
  since: Time.exactOptional().describe('Runs that were parked then or later; ISO 8601 in UTC'),
  until: Time.exactOptional().describe('Runs that were parked then or earlier; ISO 8601 in UTC'),
};
const SHOWN_RUN = PARKED_RUN.extend({
  data: z.unknown().describe('Data of the trigger; an object with `unreadable` in Base64 when they cannot be read'),
  steps: z.record(z.string(), z.unknown()).describe('Outputs of the finished steps'),
});

const RUN_STATES = ['done', 'stopped', 'caught', 'parked', 'dropped', 'expired', 'duplicate', 'replayed', 'waiting'] as const;
const WAITING_FOR = z.object({
  kind: z.enum(['pace', 'retry', 'result', 'call']),
  priority: z.string().exactOptional(),
  attempts: Count.exactOptional(),
  until: z.number().exactOptional().describe('Milliseconds since 1970'),
  flow: z.string().exactOptional(),
  run: z.string().exactOptional(),
  item: Count.exactOptional(),
  items: Count.exactOptional(),
});
const JOURNAL_ENTRY = z.object({
  at: Time,
  flow: z.string(),
  run: z.string(),
  eventId: z.string(),
  eventSource: z.string(),
  eventType: z.string(),
  causationid: z.string().exactOptional(),
  kind: z
    .enum([...RUN_STATES, 'retried', 'called'])
    .describe('`called`: a call that succeeded; `retried`: a try that failed, repeated or not'),
  epoch: Count.exactOptional().describe('Number of the replay: greater for a later one; absent: no replay'),
  note: z.string().exactOptional(),
  step: z.string().exactOptional().describe('Path of the step: its id, and an index for each enclosing `forEach`'),
  connection: z.string().exactOptional(),
  attempt: Count.exactOptional(),
  code: z.string().exactOptional(),
  message: z.string().exactOptional(),
  ms: z.number().exactOptional(),
  waits: WAITING_FOR.exactOptional().describe('What the run waited for when this entry was written'),
});

const WAIT = z.object({
  because: z.enum(['pace', 'breaker', 'calendar', 'pause', 'retry', 'result', 'call', 'order', 'queue']),
  text: z.string().describe('For people; ends so that the time of `until` can follow'),
  until: Time.exactOptional(),
});
const RUN = JOURNAL_ENTRY.omit({ kind: true, waits: true }).extend({
  outcome: z.enum(RUN_STATES).describe('`waiting`: the run has not ended; `replayed`: its replay has not ended'),
  waits: WAIT.exactOptional().describe('Why the run waits now'),
});
const STORY_RUN = z.object({
  run: z.string(),
  flow: z.string(),
  note: z.string().exactOptional(),
  outcome: z.enum(RUN_STATES).exactOptional().describe('Absent: the run has not ended'),
  waits: WAIT.exactOptional().describe('Why the run waits now'),
  entries: z.array(
    JOURNAL_ENTRY.pick({
      at: true,
      kind: true,
      epoch: true,
      step: true,
      connection: true,
      attempt: true,
      code: true,
      message: true,
      ms: true,
    }),
  ),
});
const STORY_EVENT = z.object({
  id: z.string(),
  source: z.string(),
  type: z.string(),
  depth: Count.describe('0: the first known cause'),
  role: z.enum(['cause', 'found', 'effect']),
  runs: z.array(STORY_RUN).describe('In the order of their first entries'),
});

const BUS = z.union([z.object({ state: z.literal('up') }), z.object({ state: z.enum(['blocked', 'down']), reason: z.string() })]);
const PACE = z.object({
  owner: z.boolean().describe('True when this host makes the calls of the connection'),
  limit: z.number().describe('Maximum concurrent calls at present'),
  max: z.number(),
  inFlight: Count,
  lingering: Count.describe('Slots that calls with an unknown end still take'),
  breaker: z.enum(['closed', 'open', 'probing']),
  closedBecause: z.string().exactOptional().describe('Why no call begins now'),
  limitedBecause: z.string().exactOptional().describe('Why `limit` is below `max`'),
  closedSince: z.number().exactOptional().describe('Milliseconds since 1970'),
  opensAt: z.number().exactOptional().describe('When the calendar opens the connection, in milliseconds since 1970'),
  probeAt: z.number().exactOptional().describe('Next probe of the open breaker, in milliseconds since 1970'),
});
const CONNECTION_NAMES = { connection: z.string(), plugin: z.string() };
const CONNECTION = z.object({
  ...CONNECTION_NAMES,
  state: z.enum(['idle', 'in use', 'failing', 'waiting']),
  problem: z.string().exactOptional(),
  waiting: Count.describe('Calls that wait for a slot or for the remote system'),
  oldest: Time.exactOptional().describe('Due time of the oldest waiting call, if the bus knows it'),
  since: Time.exactOptional().describe('Time since which the remote system cannot be reached'),
  reason: z.string().exactOptional().describe('Why calls wait'),
});
const STATUS = z.object({
  engines: z.string().describe('The backends'),
  flows: z.array(z.string()),
  files: z.object({
    directory: z.string(),
    state: z.enum(['current', 'changed', 'broken']),
    lastGoodOf: z.string().exactOptional().describe('The host runs the copy of the start at this time'),
    restart: z.array(z.string()).describe('Changed parts of sluice.yaml that only a restart applies'),
    changed: z.array(z.string()),
    errors: z.array(z.string()),
  }),
  bus: BUS,
  queues: z.array(
    z.object({
      queue: z.string(),
      waiting: Count,
      held: Count.exactOptional(),
      oldest: Time.exactOptional(),
      consumers: Count.exactOptional(),
    }),
  ),
  paces: z.record(z.string(), PACE),
  connections: z.array(CONNECTION.extend({ perMinute: Count.describe('Successful calls of this host in the last 60 s') })),
  newerStates: z.array(
    z.object({
      queue: z.string(),
      version: z.number(),
      handedBack: Count,
      lastAt: z.number().describe('Milliseconds since 1970'),
    }),
  ),
  parkedAccounts: z.array(
    z.object({ account: z.string(), runs: Count, bytes: z.number(), limit: z.number(), isFull: z.boolean() }),
  ),
  schedules: z
    .array(
      z.object({
        flow: z.string(),
        cron: z.string(),
        timezone: z.string(),
        next: Time.exactOptional().describe('The next instant. Absent: the schedule never fires again'),
        fired: Time.exactOptional().describe('The last instant that was fired'),
        late: Time.exactOptional().describe('An instant that should have fired by now'),
      }),
    )
    .describe('Flows with the trigger `schedule`, the soonest first'),
  parked: z.record(z.string(), Count).describe('Number of parked runs by flow'),
  hosts: z.array(
    z.object({
      id: z.string(),
      version: z.string(),
      heartbeat: Time,
      live: z.boolean().describe('False when the last heartbeat is older than 30 s'),
      consumes: z.array(z.string()),
      flows: z
        .record(z.string(), z.object({ revision: z.string(), since: z.number().describe('Milliseconds since 1970') }))
        .describe('The revision on which the host begins runs, by flow'),
    }),
  ),
  leases: z.array(
    z.object({
      name: z.string(),
      holder: z.string(),
      epoch: Count,
      until: Time,
      live: z.boolean(),
      info: z.unknown().exactOptional(),
    }),
  ),
});

const CHANGES = z.object({ added: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()) });

const DIAGNOSIS = z.object({
  what: z.string(),
  ok: z.boolean(),
  says: z.string(),
  address: z.string().exactOptional().describe('Address of a connection, if its plugin reports one'),
  cure: z.string().exactOptional(),
});

const REVOCATION = z.object({ issuer: z.string(), at: Time });
const AUDIT = z.object({
  n: Count,
  at: Time,
  issuer: z.string(),
  sub: z.string(),
  route: z.string(),
  target: z.string(),
  outcome: z.string().describe('`done`, an error code, or `started`: the action has not ended, or its host died'),
});

/** A pattern of event types: words of letters, digits, `_` and `-`; `*` matches one word, `#` any number of words. */
const TypePattern = z
  .string()
  .max(200)
  .regex(/^([\w-]+|[*#])(\.([\w-]+|[*#]))*$/, 'is neither an event type nor a pattern of types')
  .describe('An event type, or a pattern: `*` matches one word, `#` any number of words');
const RunRequest = z.strictObject({ run: Id });
const NoFields = z.strictObject({});

const DESKTOP_USER = z.object({
  user: z.string(),
  extension: z.string().exactOptional(),
  groups: z.array(z.string()),
  waiting: Count.describe('Events that are not acknowledged'),
  oldest: Time.exactOptional(),
  sessions: z
    .array(z.object({ host: z.string(), workplace: z.string().exactOptional(), since: Time }))
    .describe('Empty: the user is offline'),
});

/** The routes of the host. The order is that of the document. */
export const HOST_ROUTES = {
  status: reading({
    path: '/api/status',
    scope: 'viewer',
    summary: 'Returns queues, calls in flight, limits, connections and the number of parked runs',
    request: NoFields,
    status: 200,
    response: STATUS,
  }),
  parked: reading({
    path: '/api/parked',
    scope: 'viewer',
    summary: 'Lists parked runs, newest first or oldest first',
    request: z.strictObject({
      ...PARKED_FILTER,
      order: z.enum(['newest', 'oldest']).default('newest').describe('The runs that are first'),
      ...PAGE_REQUEST,
    }),
    status: 200,
    response: pageOf(PARKED_RUN),
  }),
  parkedGroups: reading({
    path: '/api/parked/groups',
    scope: 'viewer',
    summary: 'Counts parked runs by flow and error code, the largest groups first',
    request: z.strictObject(PARKED_FILTER),
    status: 200,
    response: z.object({
      runs: Count.describe('Number of all selected runs'),
      newest: Time.exactOptional().describe('When the last of them was parked. Absent: there is none'),
      groups: z.array(z.object({ flow: z.string(), code: z.string(), runs: Count })).describe(`At most ${MAX_PAGE_SIZE} groups`),
    }),
  }),
  parkedRun: reading({
    path: '/api/parked/{run}',
    scope: 'viewer',
    summary: 'Returns a parked run with its data and the outputs of its steps',
    request: RunRequest,
    status: 200,
    response: SHOWN_RUN,
    errors: { 404: ['NOT_PARKED'], 409: ['REPLAY_REFUSED', 'CONFIG_INVALID'] },
  }),
  replay: action({
    path: '/api/parked/{run}/replay',
    scope: 'admin',
    summary: 'Replays a run from the step that failed; with other data it is a new run',
    request: RunRequest.extend({
      data: z.unknown().exactOptional().describe('Other data for the trigger'),
      fromStart: z.boolean().default(false),
    }),
    status: 202,
    response: z.object({
      run: z.string(),
      repeats: z
        .array(z.string())
        .exactOptional()
        .describe('`X-Request-Id`s of earlier calls of the run, which the replay may repeat under other ids'),
    }),
    errors: { 404: ['NOT_PARKED'], 409: ['REPLAY_REFUSED', 'FLOW_CHANGED', 'CONFIG_INVALID'] },
    target: ({ run, fromStart, data }) =>
      `run ${run}${fromStart ? ', from the start' : ''}${data === undefined ? '' : ', with other data'}`,
  }),
  drop: action({
    path: '/api/parked/{run}/drop',
    scope: 'admin',
    summary: 'Drops a parked run permanently',
    request: RunRequest,
    status: 204,
    response: null,
    errors: { 404: ['NOT_PARKED'] },
    target: ({ run }) => `run ${run}`,
  }),
  unrouted: reading({
    path: '/api/unrouted',
    scope: 'viewer',
    summary: 'Lists the types of events that no flow takes, in alphabetical order, with their number',
    request: z.strictObject(PAGE_REQUEST),
    status: 200,
    response: pageOf(z.object({ type: z.string(), count: Count })),
  }),
  replayUnrouted: action({
    path: '/api/unrouted/replay',
    scope: 'admin',
    summary: 'Moves unrouted events of a type to a flow',
    request: z.strictObject({ type: TypePattern, flow: Text.max(300) }),
    status: 202,
    response: z.object({ moved: Count }),
    errors: { 409: ['CONFIG_INVALID'] },
    target: ({ type, flow }) => `events ${type} to flow ${flow}`,
  }),
  revoke: action({
    path: '/api/tokens/revoke',
    scope: 'admin',
    summary: 'Revokes a token, or all tokens that were issued to a user until now, on all hosts within 5 s',
    request: z
      .strictObject({
        issuer: Text.min(1).max(100).default('operator'),
        jti: Text.min(1).max(200).exactOptional().describe('Id of the token'),
        sub: Text.min(1).max(300).exactOptional().describe('The user'),
      })
      .refine(({ jti, sub }) => (jti === undefined) !== (sub === undefined), 'needs either `jti` or `sub`'),
    status: 204,
    response: null,
    errors: { 404: ['NO_ISSUER'] },
    target: ({ issuer, jti, sub }) => (jti === undefined ? `user ${issuer}/${sub}` : `token ${jti} of ${issuer}`),
  }),
  revoked: reading({
    path: '/api/tokens/revoked',
    scope: 'admin',
    summary: 'Lists revoked tokens and users, in the order of issuers and names',
    request: z.strictObject(PAGE_REQUEST),
    status: 200,
    response: pageOf(z.union([REVOCATION.extend({ jti: z.string() }), REVOCATION.extend({ sub: z.string() })])),
  }),
  find: reading({
    path: '/api/find/{id}',
    scope: 'viewer',
    summary: 'Lists the journal entries of an event, of a run, or of the runs of the events that an event caused, oldest first',
    request: z.strictObject({ id: Id, ...PAGE_REQUEST }),
    status: 200,
    response: pageOf(JOURNAL_ENTRY),
  }),
  runs: reading({
    path: '/api/runs',
    scope: 'viewer',
    summary: 'Lists runs with their outcomes, newest first; a page may be short or empty although it has a successor',
    request: z.strictObject({
      flow: Text.max(300).exactOptional(),
      outcome: z.enum(RUN_STATES).exactOptional(),
      since: Time.exactOptional().describe('ISO 8601 in UTC; the time of the outcome, with `connection` that of the last call'),
      connection: Text.max(300).exactOptional().describe('Runs that called this paced connection, or failed at it'),
      note: NoteText.exactOptional(),
      ...PAGE_REQUEST,
    }),
    status: 200,
    response: pageOf(RUN),
  }),
  capsule: reading({
    path: '/api/runs/{run}/capsule',
    scope: 'viewer',
    summary: 'Returns what is recorded of a run: its flow, its event, its calls with their outputs and errors, and how it ended',
    request: RunRequest,
    status: 200,
    response: CAPSULE,
    errors: { 404: ['NO_RUN', 'NOT_RECORDED'], 409: ['REPLAY_REFUSED', 'CONFIG_INVALID'] },
  }),
  story: reading({
    path: '/api/story/{id}',
    scope: 'viewer',
    summary: 'Returns the story of an event or a run: the events that caused it, its runs with their replays, and its effects',
    request: z.strictObject({ id: Id, limit: StoryLimit }),
    status: 200,
    response: z.object({
      events: z.array(STORY_EVENT).describe('Each event is followed by its effects; empty: the journal has nothing of it'),
      isCut: z.boolean().describe('True when the story has more entries than `limit`'),
      waits: WAIT.exactOptional().describe('Present without events: an event of this run waits for its turn'),
    }),
  }),
  audit: reading({
    path: '/api/audit',
    scope: 'admin',
    summary: 'Lists the actions of operators, newest first',
    request: z.strictObject(PAGE_REQUEST),
    status: 200,
    response: pageOf(AUDIT),
  }),
  reload: action({
    path: '/api/reload',
    scope: 'admin',
    summary:
      'Applies the changed files of the workspace to this host, all of them or none; returns the names of what has changed',
    request: NoFields,
    status: 200,
    response: z.object({ flows: CHANGES, connections: CHANGES }),
    errors: { 409: ['CONFIG_INVALID'], 422: ['WORKSPACE_INVALID', 'RESTART_NEEDED'] },
    target: () => 'the workspace',
  }),
  doctor: reading({
    path: '/api/doctor',
    scope: 'viewer',
    summary: 'Checks backends and connections; takes at most 10 s',
    request: NoFields,
    status: 200,
    response: z.array(DIAGNOSIS),
  }),
  prune: action({
    path: '/api/doctor/prune',
    scope: 'admin',
    summary: 'Deletes the queues of removed flows with their messages; returns the number of messages by queue',
    request: z.strictObject({ queues: z.array(Text.max(300)).max(MAX_PRUNED_QUEUES) }),
    status: 200,
    response: z.record(z.string(), Count),
    target: ({ queues }) => `queues ${queues.join(', ')}`,
  }),
};

/** The routes of a host that serves desktops. */
export const GATEWAY_ROUTES = {
  desktops: reading({
    path: '/desktops',
    scope: 'viewer',
    plugin: 'tcp-gateway',
    summary: 'Lists the users that are online, in alphabetical order, or one user',
    request: z.strictObject({
      user: Text.min(1).exactOptional().describe('The full name, or that of the token. Such a user may be offline'),
      ...PAGE_REQUEST,
    }),
    status: 200,
    response: pageOf(DESKTOP_USER).extend({ online: Count.describe('Number of users that are online') }),
  }),
  mailboxes: reading({
    path: '/mailboxes',
    scope: 'viewer',
    plugin: 'tcp-gateway',
    summary: 'Returns totals of all mailboxes',
    request: NoFields,
    status: 200,
    response: z.object({ events: Count, users: Count, oldest: Time.exactOptional() }),
  }),
};

/** The admin API. */
export const ADMIN_ROUTES = { ...HOST_ROUTES, ...GATEWAY_ROUTES };

/** The routes for orchestrators and load balancers. */
export const HEALTH_ROUTES = {
  live: reading({
    path: '/health/live',
    scope: 'none',
    summary: 'Answers while the process lives',
    request: NoFields,
    status: 200,
    response: z.object({ status: z.literal('ok') }),
  }),
  ready: reading({
    path: '/health/ready',
    scope: 'none',
    summary:
      'Answers 200 while events can be accepted, otherwise 503 with the same body. Reasons and numbers need a token with the scope viewer',
    request: NoFields,
    status: 200,
    response: z.object({
      status: z.enum(['ok', 'unavailable']),
      engines: z.string().exactOptional(),
      bus: z.object({ state: z.enum(['up', 'blocked', 'down']), reason: z.string().exactOptional() }),
      store: z.object({ state: z.enum(['up', 'down']), reason: z.string().exactOptional() }),
      workspace: z.enum(['current', 'changed', 'broken', 'last good copy']),
      connections: z.array(z.union([CONNECTION, CONNECTION.pick({ connection: true, state: true })])),
    }),
  }),
};

export type AdminRouteName = keyof typeof ADMIN_ROUTES;
export type HostRouteName = keyof typeof HOST_ROUTES;

export type HostStatus = ResponseOf<typeof ADMIN_ROUTES.status>;
export type ParkedItem = ResponseOf<typeof ADMIN_ROUTES.parked>['items'][number];
export type ParkedGroups = ResponseOf<typeof ADMIN_ROUTES.parkedGroups>;
export type ShownRun = ResponseOf<typeof ADMIN_ROUTES.parkedRun>;
export type RunItem = ResponseOf<typeof ADMIN_ROUTES.runs>['items'][number];
export type Wait = NonNullable<RunItem['waits']>;
export type Story = ResponseOf<typeof ADMIN_ROUTES.story>;
export type AuditItem = ResponseOf<typeof ADMIN_ROUTES.audit>['items'][number];
export type Diagnosis = ResponseOf<typeof ADMIN_ROUTES.doctor>[number];
export type DesktopUser = ResponseOf<typeof ADMIN_ROUTES.desktops>['items'][number];
export type Mailboxes = ResponseOf<typeof ADMIN_ROUTES.mailboxes>;
