import { ApiClient, ApiError, UnreachableError, retryAfterMs, type Session } from '@sluice/web-ui';
import type {
  Attachment,
  Discussion,
  DiscussionChange,
  DiscussionPage,
  Me,
  MembersPage,
  Message,
  MessageEdit,
  MessagePage,
  NewDiscussion,
  NewMessage,
  OpenResult,
  PeoplePage,
  Person,
  PostResult,
  SearchPage,
} from '../model/shapes.js';

/** Which messages of a discussion are read: after or before a seq, around it, or the newest ones. */
export type MessageRange = { after: number } | { before: number } | { around: number } | Record<never, never>;

export interface MessageVersion {
  readonly version: number;
  readonly text: string;
  readonly spans?: Message['spans'];
  readonly at: string;
}

/** The API of one connection of conversations. */
export class ConversationsApi {
  readonly #api: ApiClient;
  readonly #root: string;

  constructor(
    private readonly session: Session,
    connection: string,
  ) {
    this.#api = new ApiClient(session);
    this.#root = `/api/conversations/${encodeURIComponent(connection)}`;
  }

  /** Returns the names of the connections that this host serves. */
  static async connections(session: Session): Promise<readonly string[]> {
    const { connections } = await new ApiClient(session).get<{ connections: string[] }>('/api/conversations');
    return connections;
  }

  me(): Promise<Me> {
    return this.#get('/me');
  }

  people(search: string, limit = 30, signal?: AbortSignal): Promise<PeoplePage> {
    return this.#get('/people', { search: search || undefined, limit }, signal);
  }

  person(id: string): Promise<Person> {
    return this.#get(`/people/${id}`);
  }

  discussions(
    query: { search?: string; after?: string; archived?: boolean; limit?: number },
    signal?: AbortSignal,
  ): Promise<DiscussionPage> {
    return this.#get('/discussions', query, signal);
  }

  discussion(id: string): Promise<Discussion> {
    return this.#get(`/discussions/${id}`);
  }

  open(discussion: NewDiscussion): Promise<OpenResult> {
    return this.#api.post(`${this.#root}/discussions`, discussion);
  }

  change(id: string, change: DiscussionChange): Promise<Discussion> {
    return this.#api.patch(`${this.#root}/discussions/${id}`, change);
  }

  members(id: string, after?: string): Promise<MembersPage> {
    return this.#get(`/discussions/${id}/members`, { after });
  }

  addMember(id: string, person: string): Promise<unknown> {
    return this.#api.put(`${this.#root}/discussions/${id}/members/${person}`, {});
  }

  removeMember(id: string, person: string): Promise<unknown> {
    return this.#api.delete(`${this.#root}/discussions/${id}/members/${person}`);
  }

  messages(id: string, range: MessageRange, limit: number): Promise<MessagePage> {
    return this.#get(`/discussions/${id}/messages`, { ...range, limit });
  }

  post(id: string, message: NewMessage): Promise<PostResult> {
    return this.#api.post(`${this.#root}/discussions/${id}/messages`, message);
  }

  edit(id: string, seq: number, edit: MessageEdit): Promise<Message> {
    return this.#api.patch(this.#message(id, seq), edit);
  }

  remove(id: string, seq: number): Promise<Message> {
    return this.#api.delete(this.#message(id, seq));
  }

  history(id: string, seq: number): Promise<{ versions: readonly MessageVersion[] }> {
    return this.#api.get(`${this.#message(id, seq)}/history`);
  }

  react(id: string, seq: number, emoji: string, isOn: boolean): Promise<Message> {
    const path = `${this.#message(id, seq)}/reactions/${encodeURIComponent(emoji)}`;
    return isOn ? this.#api.put(path, {}) : this.#api.delete(path);
  }

  press(id: string, seq: number, button: string, clientId: string): Promise<unknown> {
    return this.#api.post(`${this.#message(id, seq)}/buttons/${encodeURIComponent(button)}`, { clientId });
  }

  read(marks: readonly { discussion: string; seq: number }[]): Promise<unknown> {
    return this.#api.post(`${this.#root}/read`, { marks });
  }

  delivered(marks: readonly { discussion: string; seq: number }[]): Promise<unknown> {
    return this.#api.post(`${this.#root}/delivered`, { marks });
  }

  search(
    query: { text: string; discussion?: string; limit?: number; after?: string },
    signal?: AbortSignal,
  ): Promise<SearchPage> {
    return this.#get('/search', query, signal);
  }

  /**
   * Sends a file. `fetch` reports no progress of a request body, so this uses XMLHttpRequest.
   *
   * @param onProgress receives the sent part, from 0 to 1
   */
  upload(file: Blob, name: string, onProgress: (part: number) => void, signal: AbortSignal): Promise<Attachment> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const query = new URLSearchParams({ name, shown: 'true' });
      request.open('POST', `${this.#root}/attachments?${query.toString()}`);
      request.setRequestHeader('authorization', `Bearer ${this.session.token ?? ''}`);
      request.setRequestHeader('content-type', file.type || 'application/octet-stream');
      request.responseType = 'json';
      request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
      request.onerror = () => reject(new UnreachableError('the host did not answer'));
      request.onabort = () => reject(new DOMException('the upload was cancelled', 'AbortError'));
      request.onload = () => {
        const body = (request.response ?? {}) as Record<string, unknown>;
        if (request.status < 300) return resolve(body as unknown as Attachment);
        const text = (key: string) => (typeof body[key] === 'string' ? body[key] : '');
        const wait = retryAfterMs(request.getResponseHeader('retry-after'));
        reject(new ApiError(request.status, text('code'), text('message') || request.statusText, text('cure'), body, wait));
      };
      signal.addEventListener('abort', () => request.abort(), { once: true });
      request.send(file);
    });
  }

  /** Reads the bytes of an attachment. The address alone is not enough, because only the header contains the token. */
  async attachment(id: string, signal?: AbortSignal): Promise<Blob> {
    const response = await fetch(`${this.#root}/attachments/${id}`, {
      headers: { authorization: `Bearer ${this.session.token ?? ''}` },
      credentials: 'omit',
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new UnreachableError('the host did not answer', { cause: error });
    });
    if (!response.ok) throw new ApiError(response.status, '', response.statusText, '', {});
    return response.blob();
  }

  #message(id: string, seq: number): string {
    return `${this.#root}/discussions/${id}/messages/${seq}`;
  }

  #get<Answer>(path: string, query: Record<string, string | number | boolean | undefined> = {}, signal?: AbortSignal) {
    return this.#api.get<Answer>(this.#root + path, { query, ...(signal && { signal }) });
  }
}
