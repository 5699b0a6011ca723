import type { z } from 'zod';
import type { Capabilities, CapabilityName, CapabilityUse } from './capabilities.js';
import type { Clock } from './clock.js';
import type { Accept, NewEvent } from './events.js';
import type { Host, Log } from './host.js';
import type { HttpRoute, RouteRegistrar } from './http.js';
import type { Closable } from './services.js';

/** One call of an action. */
export interface Call {
  /** `<run>/<step>`: the same in every attempt, redelivery and replay, so it can serve as the idempotency key. */
  readonly id: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  readonly deadline: Date;
  /** Fires when the step's timeout has passed, and at shutdown. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The id that relates this call to others: `correlationid` of the trigger, otherwise its `id`. */
  readonly correlationid: string;
  /** Publishes an event together with the result of this call. The id of the event is derived, so a repeated call emits the same event. */
  emit(event: NewEvent & { readonly type: string }): void;
  /**
   * Suspends the step until `services.resume` is called, for example until a person has answered. The value that `run` returns is then not
   * the output of the step. A suspended step holds no message. Its timeout continues to count and continues the run when nothing arrived.
   * Absent where the call is paced.
   *
   * @returns a token to store and to pass to `services.resume`.
   */
  readonly suspend?: () => Buffer;
}

/**
 * How a source can be read again: `acknowledged` redelivers events without an acknowledgement, `polled` has a position that moves after the
 * broker's confirm, `live` cannot be read again.
 */
export type SourceKind = 'acknowledged' | 'polled' | 'live';

/** A trigger that subscribes to a connection. */
export interface TriggerSpec<Client, Options extends z.ZodType, Output extends z.ZodType> {
  readonly title: string;
  readonly options: Options;
  readonly output: Output;
  /** Default: `acknowledged`. */
  readonly source?: SourceKind;
  /** One host at a time subscribes, under a lease. For a source that sends each event to every subscriber. */
  readonly exclusive?: boolean;
  /**
   * Subscribes, and runs until the signal fires. When it throws or returns earlier, the engine considers the source lost and subscribes
   * again with backoff. `flow` is for sources that name the flow they call.
   */
  readonly subscribe: (
    client: Client,
    options: z.output<Options>,
    accept: Accept<z.input<Output>>,
    signal: AbortSignal,
    flow: string,
  ) => Promise<void>;
}

/** A trigger without a connection, which receives events from the host itself, such as an HTTP endpoint. */
export interface HostTriggerSpec<Options extends z.ZodType, Output extends z.ZodType, Meta extends z.ZodType> {
  readonly title: string;
  readonly options: Options;
  readonly output: Output;
  readonly meta: Meta;
  /**
   * Returns the method and the path of the route that `listen` registers with these options. The lint reports two flows with one route, of
   * which only one could receive requests. Absent when `listen` registers no route.
   */
  readonly route?: (options: z.output<Options>) => Pick<HttpRoute, 'method' | 'path'>;
  /** Registers its endpoints, and runs until the signal fires. */
  readonly listen: (
    routes: RouteRegistrar,
    options: z.output<Options>,
    accept: Accept<z.input<Output>, z.input<Meta>>,
    signal: AbortSignal,
    clock: Clock,
  ) => Promise<void>;
}

/**
 * Whether a call may be repeated. `yes`: repeating is harmless. `by-key`: repeating is harmless because the remote system receives
 * `call.id`. `no`: the engine never repeats a call whose outcome is unknown.
 */
export type Idempotence = 'yes' | 'by-key' | 'no';

/** An operation of a connection that flows can call. */
export interface ActionSpec<Client, Input extends z.ZodType, Output extends z.ZodType> {
  readonly title: string;
  readonly input: Input;
  readonly output: Output;
  /** Fixed, or depending on the input, as for an HTTP request on its method. */
  readonly idempotent: Idempotence | ((input: z.output<Input>) => Idempotence);
  /** `false`: the engine calls it at once even if the plugin has a pace, for instance to end a telephone call. */
  readonly paced?: boolean;
  /** Performs one call. It does not retry: it returns or throws a SluiceError, and the engine decides. */
  readonly run: (client: Client, input: z.output<Input>, call: Call) => Promise<z.input<Output>>;
}

/** A trigger with any options and output. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs with different schemas share a record; `trigger` checked each
export type AnyTrigger<Client> = TriggerSpec<Client, any, any>;
/** A host trigger with any options, output and meta. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyHostTrigger = HostTriggerSpec<any, any, any>;
/** An action with any input and output. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AnyAction<Client> = ActionSpec<Client, any, any>;

/** Returns the specification of a trigger unchanged, with its types inferred. */
export const trigger = <Client, Options extends z.ZodType, Output extends z.ZodType>(
  spec: TriggerSpec<Client, Options, Output>,
) => spec;

/** Returns the specification of a host trigger unchanged, with its types inferred. */
export const hostTrigger = <Options extends z.ZodType, Output extends z.ZodType, Meta extends z.ZodType>(
  spec: HostTriggerSpec<Options, Output, Meta>,
) => spec;

/** Returns the specification of an action unchanged, with its types inferred. */
export const action = <Client, Input extends z.ZodType, Output extends z.ZodType>(spec: ActionSpec<Client, Input, Output>) =>
  spec;

/** Limits of a connection that has no `pace` in sluice.yaml. There is no default rate: only the operator knows it, and sets it there. */
export interface PaceDefaults {
  readonly concurrency: { readonly start: number; readonly max: number; readonly adaptive: boolean };
}

/** A step of a flow as its author wrote it. */
export interface WrittenStep {
  readonly action: string;
  /** Its `with`. Undefined stands for a value that only a run knows. */
  readonly input: unknown;
  /** The folder of the host for copies, as in {@link Host}. */
  readonly folder?: string;
}

/** A mistake in the `with` of a step, which the remote system would refuse. */
export interface Objection {
  /** Keys and indexes that lead to the mistake. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The last key of the path is wrong, rather than its value. */
  readonly key?: true;
  /** The text that the author probably meant, as a replacement. */
  readonly write?: string;
}

/** The class of a NestJS module. */
export type NestModule = abstract new (...args: never[]) => unknown;

/** The definition of a plugin: pass it to {@link definePlugin}. */
export interface PluginSpec<Connection extends z.ZodType, Client extends Closable, Triggers, Actions> {
  /** `[a-z][a-z0-9]*(-[a-z0-9]+)*`, equal to the name of the folder and to the end of the package's name. */
  readonly name: string;
  /** The major version of this contract that the plugin uses, such as `^1`. */
  readonly api: `^${number}`;
  /** Schema of `connections.<name>.with`; `z.null()` when the plugin needs no connection. */
  readonly connection: Connection;
  /** Opens a client. When it rejects, the engine calls it again with backoff. */
  readonly open: (config: z.output<Connection>, host: Host) => Promise<Client>;
  /** When present, every action is paced unless it sets `paced: false`. */
  readonly pace?: PaceDefaults;
  /** Throws when the remote system cannot be used. `sluice doctor` and the probe of the breaker call it. */
  readonly check?: (client: Client) => Promise<void>;
  /**
   * Throws when the setup of the remote system makes a part of the connector useless, such as a missing right, while its actions may work.
   * Only `sluice doctor` calls it, after `check`.
   *
   * @returns the text that the doctor prints about the connection, such as `can be used`
   */
  readonly diagnose?: (client: Client) => Promise<string>;
  /**
   * The plugin accepts clients that connect to it. Each host with the role `gateway` opens the connection at its start and keeps it open.
   * For other plugins the engine opens a connection at the first call of an action.
   */
  readonly serves?: boolean;
  /** Capabilities for other plugins, each as a function that returns it from an open client. */
  readonly provides?: { readonly [Name in CapabilityName]?: (client: Client) => Capabilities[Name] };
  /**
   * Capabilities of other plugins that this plugin uses, by name. They appear in {@link Services}. A plugin cannot use a capability that it
   * provides.
   */
  readonly uses?: { readonly [Name in CapabilityName]?: CapabilityUse };
  /**
   * Returns the address of a connection, such as `http://server/base/hs/gate`, which `sluice doctor` shows. It must not contain a secret.
   */
  readonly address?: (config: z.output<Connection>) => string;
  /** Returns how many calls the remote system can take at once, if the options of the connection determine it. */
  readonly maxCalls?: (config: z.output<Connection>) => number | undefined;
  /**
   * Checks a step against facts that only the remote system knows, such as the names of its operations. `sluice lint` calls it after the
   * schemas have accepted the step. It returns an empty list if the remote system does not answer, stops when the signal fires, and never
   * calls an action.
   */
  readonly lint?: (step: WrittenStep, config: z.output<Connection>, signal: AbortSignal) => Promise<readonly Objection[]>;
  readonly triggers: Triggers & Record<string, AnyTrigger<Client> | AnyHostTrigger>;
  readonly actions: Actions & Record<string, AnyAction<Client>>;
  /**
   * A NestJS module class with the plugin's routes, entities and event handlers. A module with many imports is given as a function that
   * loads it, so that commands that start no host do not load it.
   */
  readonly module?: NestModule | { readonly load: () => Promise<NestModule> };
}

/**
 * Returns the specification of a plugin unchanged, with its types inferred, and checks at compile time that every trigger and action uses
 * the client that `open` returns (the error of the compiler names both clients). A trigger or action names its client once, `run(client:
 * SmsClient, …)`; everything else is inferred.
 *
 * The records are declared as `Triggers & Record<…>` because with `Triggers extends Record<…Client…>` or `NoInfer<Client>` TypeScript fixes
 * `Client` before it has read `open`, and then refuses every action.
 */
export const definePlugin = <Connection extends z.ZodType, Client extends Closable, Triggers, Actions>(
  spec: PluginSpec<Connection, Client, Triggers, Actions>,
) => spec;

/** A plugin with the types of its client and options erased, as the engine and the linter use it. */
export interface AnyPlugin {
  readonly name: string;
  readonly api: string;
  readonly connection: z.ZodType;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the plugin knows the type of its client
  readonly open: (config: any, host: Host) => Promise<any>;
  readonly pace?: PaceDefaults;
  readonly serves?: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly provides?: { readonly [Name in CapabilityName]?: (client: any) => Capabilities[Name] };
  readonly uses?: { readonly [Name in CapabilityName]?: CapabilityUse };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly check?: (client: any) => Promise<void>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly diagnose?: (client: any) => Promise<string>;
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
