import { action, definePlugin, duration, hostTrigger, secret, trigger, type AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';

interface StubClient {
  close(): Promise<void>;
}

const open = async (): Promise<StubClient> => ({ close: async () => undefined });
const nothing = async () => undefined;
/** Implements all actions, because tests of this package never run them. */
const run = async () => ({}) as never;

const anything = z.record(z.string(), z.unknown());

const onecHttp = definePlugin({
  name: 'onec-http',
  api: '^1',
  connection: z.strictObject({ baseUrl: z.url(), user: z.string(), password: secret(), timeout: duration().prefault('30s') }),
  open,
  pace: { concurrency: { start: 2, max: 4, adaptive: true } },
  triggers: {},
  actions: {
    call: action({
      title: 'Call a method',
      input: z.strictObject({ method: z.string(), data: z.unknown().optional() }),
      output: z.unknown(),
      idempotent: 'by-key',
      run,
    }),
    request: action({
      title: 'Send a raw request',
      input: z.strictObject({
        method: z.string(),
        path: z.string(),
        headers: z.record(z.string(), z.string()).optional(),
        body: z.unknown().optional(),
      }),
      output: z.object({ status: z.number(), body: z.unknown() }),
      idempotent: 'yes',
      run,
    }),
  },
});

const onecSoap = definePlugin({
  name: 'onec-soap',
  api: '^1',
  connection: z.strictObject({ baseUrl: z.url(), user: z.string(), password: secret() }),
  open,
  pace: { concurrency: { start: 2, max: 4, adaptive: true } },
  triggers: {},
  actions: {
    call: action({
      title: 'Call an operation',
      input: z.strictObject({ service: z.string(), operation: z.string(), arguments: anything }),
      output: z.unknown(),
      idempotent: 'no',
      run,
    }),
  },
});

const asteriskAmi = definePlugin({
  name: 'asterisk-ami',
  api: '^1',
  connection: z.strictObject({ host: z.string(), user: z.string(), secret: secret() }),
  open,
  triggers: {
    event: trigger({
      title: 'A call changes its state',
      options: z.strictObject({ events: z.array(z.string()).min(1) }),
      output: z.looseObject({
        Linkedid: z.string(),
        CallerIDNum: z.string(),
        DestCallerIDNum: z.string(),
        DialStatus: z.string().optional(),
      }),
      source: 'live',
      exclusive: true,
      subscribe: nothing,
    }),
  },
  actions: {
    dial: action({
      title: 'Dial a number',
      input: z.strictObject({
        number: z.string(),
        callerId: z.string(),
        context: z.string(),
        variables: z.record(z.string(), z.string()),
        attempts: z.number(),
        interval: duration(),
        hours: z.string(),
      }),
      output: z.object({ result: z.string(), seconds: z.number() }),
      idempotent: 'no',
      paced: false,
      run,
    }),
  },
});

const tcpGateway = definePlugin({
  name: 'tcp-gateway',
  api: '^1',
  connection: z.strictObject({ port: z.number().default(7001) }),
  open,
  triggers: {
    message: trigger({ title: 'A desktop sends', options: z.strictObject({}), output: z.unknown(), subscribe: nothing }),
  },
  actions: {
    send: action({
      title: 'Send to desktops',
      input: z.strictObject({
        to: z.union([
          z.strictObject({ extension: z.string() }),
          z.strictObject({ user: z.string() }),
          z.strictObject({ all: z.literal(true) }),
        ]),
        event: z.string(),
        data: z.unknown(),
        offline: z.union([z.literal('drop'), z.strictObject({ keepFor: duration() })]).optional(),
        spread: duration().optional(),
      }),
      output: z.object({ delivered: z.number() }),
      idempotent: 'yes',
      run,
    }),
    broadcast: action({
      title: 'Send to a topic',
      input: z.strictObject({ topic: z.string(), data: z.unknown() }),
      output: z.object({ delivered: z.number() }),
      idempotent: 'yes',
      run,
    }),
  },
});

const timeline = definePlugin({
  name: 'timeline',
  api: '^1',
  connection: z.strictObject({}),
  open,
  triggers: {
    entry: trigger({
      title: 'An entry changes',
      options: z.strictObject({ actions: z.array(z.string()) }),
      output: z.object({ action: z.string(), origin: z.string(), entry: z.looseObject({ id: z.string() }).and(anything) }),
      subscribe: nothing,
    }),
  },
  actions: {
    setStatus: action({
      title: 'Set the status of an entry',
      input: z.strictObject({ id: z.string(), version: z.number(), status: z.string(), note: z.string() }),
      output: z.unknown(),
      idempotent: 'yes',
      run,
    }),
  },
});

const http = definePlugin({
  name: 'http',
  api: '^1',
  connection: z.strictObject({ baseUrl: z.url(), token: secret().optional() }),
  open,
  triggers: {
    endpoint: hostTrigger({
      title: 'An HTTP endpoint',
      options: z.strictObject({
        method: z.string().default('POST'),
        path: z.string(),
        scope: z.string().optional(),
        accepts: z.array(z.string()).optional(),
        limit: z.string().optional(),
        body: anything.optional(),
        signature: z.strictObject({ header: z.string(), algorithm: z.string(), secret: secret() }).optional(),
        respond: z.enum(['accepted', 'reply']).default('accepted'),
        wait: duration().prefault('30s'),
      }),
      output: z.unknown(),
      meta: z.object({
        method: z.string(),
        path: z.string(),
        params: z.record(z.string(), z.string()),
        query: z.record(z.string(), z.string()),
        headers: z.record(z.string(), z.string()),
      }),
      route: ({ method, path }) => ({ method, path }),
      listen: nothing,
    }),
  },
  actions: {
    request: action({
      title: 'Send a request',
      input: z.strictObject({
        method: z.string(),
        path: z.string(),
        query: z.record(z.string(), z.string()).optional(),
        body: z.unknown().optional(),
        idempotent: z.enum(['yes', 'by-key', 'no']).optional(),
      }),
      output: z.unknown(),
      idempotent: (input) => input.idempotent ?? (input.method === 'POST' ? 'no' : 'yes'),
      run,
    }),
  },
});

/** Plugins with their contracts, but without behaviour. */
export const stubPlugins: ReadonlyMap<string, AnyPlugin> = new Map<string, AnyPlugin>(
  [onecHttp, onecSoap, asteriskAmi, tcpGateway, timeline, http].map((plugin) => [plugin.name, plugin]),
);
