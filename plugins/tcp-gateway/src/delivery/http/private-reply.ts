import type { Reply } from '@sluice/plugin-api';

/** Forbids caches to store the reply (https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5) and browsers to guess its type. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Returns a reply that caches may not store, because it is for one user only. */
export function privateReply(status: number, data?: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...HEADERS, ...headers }, ...(data && { data }) };
}
