import { z } from 'zod';
import { CommandError } from '../exit.js';
import type { HostApi } from './host-api.js';
import { openHostApi } from './operator.js';

const subscriber = z.object({ id: z.string(), code: z.string(), title: z.string(), isLocked: z.boolean() });
const subscribers = z.object({ subscribers: z.array(subscriber) });
export type Subscriber = z.output<typeof subscriber>;

const application = z.object({
  id: z.string(),
  /** `kid` of its tokens. */
  issuer: z.string(),
  title: z.string(),
  isLocked: z.boolean(),
  /** Number of keys whose tokens are accepted. 0: the keys of the issuer stand in sluice.yaml. */
  keys: z.number(),
});
const applications = z.object({ applications: z.array(application) });
export type Application = z.output<typeof application>;

const issuedKey = z.object({ application: z.string(), issuer: z.string(), key: z.string() });
/** A key that the host shows only in this answer. */
export type IssuedKey = z.output<typeof issuedKey>;

interface Change {
  readonly title?: string;
  readonly isLocked?: boolean;
}

/** Code of the subscriber to which the issuers of sluice.yaml belong. */
export const MAIN = 'main';
/** Number of subscribers in a full page of the API. */
const PAGE_SIZE = 1_000;
/** Bounds the time for reading all subscribers. */
const MAX_PAGES = 100;

/** The routes of one connection of conversations for operators. Their answers are checked, because a plugin of another release may send others. */
export class ConversationsApi {
  readonly #path: string;

  constructor(
    private readonly api: HostApi,
    connection: string,
  ) {
    this.#path = `/api/conversations/${encodeURIComponent(connection)}/subscribers`;
  }

  /** Returns all subscribers, sorted by code. */
  async subscribers(): Promise<readonly Subscriber[]> {
    const all: Subscriber[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = `?after=${encodeURIComponent(all.at(-1)?.code ?? '')}`;
      const found = checked(subscribers, await this.api.get(this.#path + query)).subscribers;
      all.push(...found);
      if (found.length < PAGE_SIZE) break;
    }
    return all;
  }

  /** Returns the subscriber with the code. Throws a {@link CommandError} when there is none. */
  async subscriber(code: string): Promise<Subscriber> {
    const all = await this.subscribers();
    const found = all.find((one) => one.code === code);
    if (!found)
      throw new CommandError(`there is no subscriber ${code}: "sluice subscribers ls" lists them, "subscribers add" adds one`);
    return found;
  }

  async addSubscriber(code: string, title: string): Promise<Subscriber> {
    return checked(subscriber, await this.api.post(this.#path, { code, title }));
  }

  changeSubscriber({ id }: Pick<Subscriber, 'id'>, change: Change): Promise<void> {
    return this.api.patch(`${this.#path}/${id}`, change);
  }

  /** Returns the applications of a subscriber, sorted by issuer. */
  async applications(of: Pick<Subscriber, 'id'>): Promise<readonly Application[]> {
    return checked(applications, await this.api.get(this.#applications(of))).applications;
  }

  async addApplication(of: Pick<Subscriber, 'id'>, title: string): Promise<IssuedKey> {
    return checked(issuedKey, await this.api.post(this.#applications(of), { title }));
  }

  changeApplication(of: Pick<Subscriber, 'id'>, { id }: Pick<Application, 'id'>, change: Change): Promise<void> {
    return this.api.patch(`${this.#applications(of)}/${id}`, change);
  }

  /** Replaces the key of an application. @param keepsOld whether tokens of the key before it are accepted until the next rotation */
  async rotateKey(of: Pick<Subscriber, 'id'>, { id }: Pick<Application, 'id'>, keepsOld: boolean): Promise<IssuedKey> {
    return checked(issuedKey, await this.api.post(`${this.#applications(of)}/${id}/keys`, { keepsOld }));
  }

  #applications({ id }: Pick<Subscriber, 'id'>): string {
    return `${this.#path}/${id}/applications`;
  }
}

/** Returns the conversations of the host. @param name connection; undefined: the only one that uses conversations */
export async function openConversationsApi(name: string | undefined): Promise<ConversationsApi> {
  const api = await openHostApi();
  return new ConversationsApi(api, name ?? (await onlyConnection(api)));
}

/** Returns the name of the only connection that uses conversations. Throws a {@link CommandError} when there are several or none. */
export async function onlyConnection({
  admin,
  url,
}: Pick<HostApi, 'url'> & { readonly admin: Pick<HostApi['admin'], 'status'> }): Promise<string> {
  const { connections } = await admin.status({});
  const [name, ...others] = connections.flatMap(({ plugin, connection }) => (plugin === 'conversations' ? [connection] : []));
  if (name === undefined)
    throw new CommandError(`${url} serves no conversations: sluice.yaml needs a connection "use: conversations"`);
  if (others.length > 0)
    throw new CommandError(
      `the workspace has several connections of conversations: name one with --connection: ${[name, ...others].join(', ')}`,
    );
  return name;
}

function checked<Shape extends z.ZodType>(shape: Shape, answer: unknown): z.output<Shape> {
  const { success, data, error } = shape.safeParse(answer);
  if (success) return data;
  const [issue] = error.issues;
  throw new CommandError(
    `the host answered in another format (${issue?.path.map(String).join('.')}: ${issue?.message}): use the command line of the release that the host runs`,
  );
}
