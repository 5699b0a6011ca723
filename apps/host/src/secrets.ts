import type { Workspace } from '@sluice/flow';

const MASK = '***';

/** A value so short stands in many words: it is masked where it stands alone. */
const MIN_FREE_LENGTH = 4;
/** Only a text as long as this can have been cut in the middle of a secret. */
const MIN_CUT_TEXT_LENGTH = 200;
/** Longest user name, and most of them, that are tried as `user:secret` of HTTP's Basic scheme. */
const MAX_USER_LENGTH = 200;
const MAX_USERS = 50;

const UTF8_ENTITIES: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
];

/**
 * Values that must not leave the process in any text. Grows while the host starts. A value is recognised as it is and in the forms in which
 * remote systems, error pages and logs repeat it: JSON, URL-encoded, HTML, Base64, and as the password of HTTP's Basic scheme.
 */
export class Secrets {
  #forms: readonly string[] = [];

  /**
   * @param values empty values are ignored
   * @param users names that may be sent with one of the values as its password
   */
  add(values: readonly string[], users: readonly string[] = []): void {
    const given = values.filter((value) => value.length > 0);
    const all = new Set([...this.#forms, ...given.flatMap((value) => formsOf(value, users))]);
    // a form may contain another: the longest goes first
    this.#forms = [...all].sort((a, b) => b.length - a.length);
  }

  /** Adds the secrets of connections, issuers and triggers. */
  addWorkspace({ connections, issuers, flows }: Pick<Workspace, 'connections' | 'issuers' | 'flows'>): void {
    for (const { secrets, config } of connections.values()) this.add(secrets, textsIn(config));
    for (const { secrets } of issuers) this.add(secrets);
    for (const { trigger } of flows) if (trigger.kind === 'plugin') this.add(trigger.secrets ?? []);
  }

  /** @returns the text with every secret replaced by `***`, also one that is cut off at the end of a long text */
  readonly mask = (text: string): string => {
    const masked = this.#forms.reduce(
      (rest, form) => (form.length < MIN_FREE_LENGTH ? maskWord(rest, form) : rest.replaceAll(form, MASK)),
      text,
    );
    return masked.length < MIN_CUT_TEXT_LENGTH ? masked : this.#maskCutEnd(masked);
  };

  #maskCutEnd(text: string): string {
    for (const form of this.#forms) {
      const first = form.slice(0, MIN_FREE_LENGTH);
      for (let at = text.indexOf(first, Math.max(0, text.length - form.length)); at >= 0; at = text.indexOf(first, at + 1))
        if (form.startsWith(text.slice(at))) return text.slice(0, at) + MASK;
    }
    return text;
  }
}

function maskWord(text: string, value: string): string {
  const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'), MASK);
}

function formsOf(value: string, users: readonly string[]): readonly string[] {
  const basic = ['', ...users.slice(0, MAX_USERS)].map((user) => `${user}:${value}`);
  const encoded = [value, `${value}:`, ...basic].flatMap((text) => [inBase64(text, 'utf8'), inBase64(text, 'latin1')]);
  const url = inUrl(value);
  const lowerUrl = url.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase());
  return [
    value,
    inJson(value),
    inJson(inJson(value)), // JSON that a remote system answered, in a line of the log
    inAsciiJson(value),
    url,
    lowerUrl,
    url.replaceAll('%20', '+'),
    UTF8_ENTITIES.reduce((text, [plain, entity]) => text.replaceAll(plain, entity), value),
    ...encoded,
  ];
}

/** As it stands in a text of JSON: with its quotes, backslashes and line ends escaped. */
function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** As PHP and Python write JSON by default: `/` and what is not ASCII are escaped too. */
function inAsciiJson(value: string): string {
  const escaped = inJson(value).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return escaped.replaceAll('/', '\\/');
}

function inUrl(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return value; // half of a surrogate pair has no such form
  }
}

/** Without the padding, which may be missing. */
function inBase64(value: string, charset: 'utf8' | 'latin1'): string {
  return Buffer.from(value, charset).toString('base64').replace(/=+$/, '');
}

function textsIn(config: unknown): string[] {
  if (typeof config === 'string') return config.length <= MAX_USER_LENGTH ? [config] : [];
  return typeof config === 'object' && config !== null ? Object.values(config).flatMap(textsIn) : [];
}
