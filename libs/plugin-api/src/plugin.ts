import type { z } from 'zod';
import type { FormValue } from './form.js';
import type { Bearer, Services } from './services.js';

/** Fields must not hold secrets: they are written to the log as they are. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** What a trigger hands over. The engine adds id (UUIDv7), source, time, type `<plugin>.<trigger>` and traceparent where they are missing. */
export interface NewEvent<Data = unknown, Meta = Record<string, unknown>> {
  readonly data: Data;
  readonly meta?: Meta;
  /** The source's own id, at most 200 bytes: makes a repeated event the same event. */
  readonly id?: string;
  /** The body as it came, when it should be carried unparsed, with its type; `data` is then only checked. */
  readonly body?: Uint8Array;
  readonly datacontenttype?: string;
  /** `sub` of the sender's token. */
  readonly authid?: string;
  /** The door's own name for the sender, such as `/issuers/erp/ivanov`; default `/connections/<name>`. */
  readonly source?: string;
  readonly type?: string;
  readonly subject?: string;
  readonly time?: Date;
  readonly correlationid?: string;
  readonly partitionkey?: string;
  readonly traceparent?: string;
}

export interface Reply {
  /** 200 to 599; from 400 on it is a failure. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data?: unknown;
}

export interface Accepted {
  readonly id: string;
  /** Present when a reply was asked for. Rejects with `REPLY_LATE` when none came in time; the run goes on. */
  readonly reply?: Promise<Reply>;
}

/**
 * Resolves after the broker's confirm: acknowledge the source only then. Rejects with `BUS_UNAVAILABLE` when the broker does not
 * confirm: the event may or may not be kept, so the source has to offer it again under the same id.
 * With `reply`, the flow's answer can be awaited.
 */
export type Accept<Data = unknown, Meta = Record<string, unknown>> = (
  event: NewEvent<Data, Meta>,
  options?: { readonly reply?: { readonly withinMs: number } },
) => Promise<Accepted>;

/** What the engine lends to a client. */
export interface Host {
  /** The connection's name in sluice.yaml. */
  readonly connection: string;
  readonly log: Log;
  /** Aborted when the connection is to close. */
  readonly signal: AbortSignal;
  /** IANA name of the workspace's time zone, when it has one. */
  readonly timezone?: string;
  now(): Date;
  /** Says that the connection is gone: the engine closes the client and opens another, with back-off. */
  lost(reason: unknown): void;
  /** For a plugin that serves clients of its own. */
  readonly services: Services;
}

export interface HttpRoute {
  readonly method: string;
  /** Begins with `/in/` or `/mailbox/`; `{name}` stands for one segment. */
  readonly path: string;
  /** The scope that the token needs. `false`: no token is asked for, the plugin checks the sender itself. */
  readonly scope: string | false;
  /** Largest body in bytes; larger ones are answered 413. */
  readonly limit?: number;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** A parameter that stands several times has a list. */
  readonly query: Readonly<Record<string, FormValue>>;
  /** Lower-case names, without `authorization` and `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it came, with its parameters; empty when there is no body. */
  readonly contentType: string;
  readonly body: Uint8Array;
  /** `sub` of the token, and the door's name for the sender; absent on a route without a token. */
  readonly authid?: string;
  readonly source?: string;
  /** Whose token it is; absent likewise. */
  readonly bearer?: Bearer;
}

/** What the engine lends to a trigger that needs no connection, such as an HTTP endpoint. */
export interface Doors {
  /** Registers a route and gives the function that takes it away. A thrown SluiceError becomes a status by its fate. */
  http(route: HttpRoute, handle: (request: HttpRequest) => Promise<Reply>): () => void;
}

/** One call of an action. */
export interface Call {
  /** `<run>/<step>`: the same in every attempt, redelivery and replay, so it serves as the idempotency key. */
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly deadline: Date;
  /** Aborted when the step's timeout has run out, or at shutdown. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The id that belongs together with this call: `correlationid` of the trigger, else its `id`. */
  readonly correlationid: string;
  /** An event to publish together with the result of this call; its id is derived, so a repeat gives the same one. */
  emit(event: NewEvent & { readonly type: string }): void;
  /**
   * Lets the step wait for something that comes later, such as a person's answer: what `run` returns is not its output then. Gives a token to
   * keep, with which `services.resume` lets the run go on; until then it holds no message. The step's timeout goes on counting, and goes on
   * with the run when nothing came. Absent where the call is paced.
   */
  readonly suspend?: () => Buffer;
}

export interface Closable {
  close(): Promise<void>;
}

/** Can the source be acknowledged, is it polled (its position moves after the confirm), or is it live (cannot be asked again)? */
export type SourceKind = 'acknowledged' | 'polled' | 'live';

export interface TriggerSpec<Client, Options extends z.ZodType, Output extends z.ZodType> {
  readonly title: string;
  readonly options: Options;
  readonly output: Output;
  /** Default: acknowledged. */
  readonly source?: SourceKind;
  /** One owner over all hosts, leased with a TTL: for a source that hands each event to every subscriber. */
  readonly exclusive?: boolean;
  /**
   * Runs until the signal aborts. Throwing or returning early means that the source is lost: the engine subscribes again with back-off.
   * `flow` is for sources that name the flow they call.
   */
  readonly subscribe: (
    client: Client,
    options: z.output<Options>,
    accept: Accept<z.input<Output>>,
    signal: AbortSignal,
    flow: string,
  ) => Promise<void>;
}

export interface HostTriggerSpec<Options extends z.ZodType, Output extends z.ZodType, Meta extends z.ZodType> {
  readonly title: string;
  readonly options: Options;
  readonly output: Output;
  readonly meta: Meta;
  /** Runs until the signal aborts. */
  readonly listen: (
    doors: Doors,
    options: z.output<Options>,
    accept: Accept<z.input<Output>, z.input<Meta>>,
    signal: AbortSignal,
  ) => Promise<void>;
}

/** `yes`: repeating does no harm. `by-key`: harmless because `call.id` is passed on. `no`: an unknown outcome is never called again by itself. */
export type Idempotence = 'yes' | 'by-key' | 'no';

export interface ActionSpec<Client, Input extends z.ZodType, Output extends z.ZodType> {
  readonly title: string;
  readonly input: Input;
  readonly output: Output;
  /** Fixed, or decided by the input, as for an HTTP request by its method. */
  readonly idempotent: Idempotence | ((input: z.output<Input>) => Idempotence);
  /** false: called at once even where the plugin has a pace (for instance a hang-up). */
  readonly paced?: boolean;
  /** Never retries: it returns, or throws a SluiceError, and the engine decides. */
  readonly run: (client: Client, input: z.output<Input>, call: Call) => Promise<z.input<Output>>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- unlike schemas share one record; each was checked where it was made
export type AnyTrigger<Client> = TriggerSpec<Client, any, any>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyHostTrigger = HostTriggerSpec<any, any, any>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyAction<Client> = ActionSpec<Client, any, any>;

export const trigger = <Client, Options extends z.ZodType, Output extends z.ZodType>(
  spec: TriggerSpec<Client, Options, Output>,
) => spec;

export const hostTrigger = <Options extends z.ZodType, Output extends z.ZodType, Meta extends z.ZodType>(
  spec: HostTriggerSpec<Options, Output, Meta>,
) => spec;

export const action = <Client, Input extends z.ZodType, Output extends z.ZodType>(spec: ActionSpec<Client, Input, Output>) =>
  spec;

/** The limits of a connection whose `pace` in sluice.yaml does not name others. A rate is known to nobody but the operator: it is set there. */
export interface PaceDefaults {
  readonly concurrency: { readonly start: number; readonly max: number; readonly adaptive: boolean };
}

/** A step of a flow as it is written. */
export interface WrittenStep {
  readonly action: string;
  /** Its `with`. Undefined stands for what only a run knows. */
  readonly input: unknown;
}

/** Something in the `with` of a step that the other side would refuse. */
export interface Objection {
  /** Keys and indexes that lead to it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** It is the last key of the path that is wrong, and not its value. */
  readonly key?: true;
  /** What was probably meant, to be written in its place. */
  readonly write?: string;
}

export type NestModule = abstract new (...args: never[]) => unknown;

export interface PluginSpec<Connection extends z.ZodType, Client extends Closable, Triggers, Actions> {
  /** `[a-z][a-z0-9]*(-[a-z0-9]+)*`, equal to the folder and to the end of the package's name. */
  readonly name: string;
  /** The major version of this contract that the plugin is written for, such as `^1`. */
  readonly api: `^${number}`;
  /** Schema of `connections.<name>.with`; `z.null()` when the plugin needs no connection. */
  readonly connection: Connection;
  /** Called again by the engine, with back-off, until it resolves. */
  readonly open: (config: z.output<Connection>, host: Host) => Promise<Client>;
  /** Given: every action goes through the pace unless it says `paced: false`. */
  readonly pace?: PaceDefaults;
  /** For `sluice doctor` and the breaker's probe: throws when the other side cannot be used. */
  readonly check?: (client: Client) => Promise<void>;
  /**
   * The clients come by themselves: a connection is opened at the start of each host with the role `gateway`, and kept open.
   * Others open it when they first call an action.
   */
  readonly serves?: boolean;
  /** Returns where a connection leads, such as `http://server/base/hs/gate`: shown by `sluice doctor`. Must not contain a secret. */
  readonly address?: (config: z.output<Connection>) => string;
  /** How many calls at once the other side can take, when the connection tells. */
  readonly maxCalls?: (config: z.output<Connection>) => number | undefined;
  /**
   * What only the other side knows of a step, such as the names of its operations: `sluice lint` asks for it when the schemas are
   * content. Gives nothing where the other side cannot be asked, and gives up when the signal fires. Never calls an action.
   */
  readonly lint?: (step: WrittenStep, config: z.output<Connection>, signal: AbortSignal) => Promise<readonly Objection[]>;
  readonly triggers: Triggers & Record<string, AnyTrigger<Client> | AnyHostTrigger>;
  readonly actions: Actions & Record<string, AnyAction<Client>>;
  /**
   * A NestJS module class with the plugin's routes, entities and event handlers; or how to load it, for a module that imports much:
   * commands that start no host do without it then.
   */
  readonly module?: NestModule | { readonly load: () => Promise<NestModule> };
}

/**
 * An action written for another client than the one `open` gives is refused here (the message names both clients). The records are
 * written `Triggers & Record<…>`: with `Triggers extends Record<…Client…>` or `NoInfer<Client>` TypeScript settles Client before it
 * has read `open`, and then every action is refused.
 *
 * A trigger or action names its client once, `run(client: SmsClient, …)`. Everything else is inferred.
 */
export const definePlugin = <Connection extends z.ZodType, Client extends Closable, Triggers, Actions>(
  spec: PluginSpec<Connection, Client, Triggers, Actions>,
) => spec;

/** A plugin of which only the contract is known: what the engine and the linter work with. */
export interface AnyPlugin {
  readonly name: string;
  readonly api: string;
  readonly connection: z.ZodType;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the client's type is known to the plugin alone
  readonly open: (config: any, host: Host) => Promise<any>;
  readonly pace?: PaceDefaults;
  readonly serves?: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly check?: (client: any) => Promise<void>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly address?: (config: any) => string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly maxCalls?: (config: any) => number | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly lint?: (step: WrittenStep, config: any, signal: AbortSignal) => Promise<readonly Objection[]>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly triggers: Readonly<Record<string, AnyTrigger<any> | AnyHostTrigger>>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly actions: Readonly<Record<string, AnyAction<any>>>;
  readonly module?: NestModule | { readonly load: () => Promise<NestModule> };
}
