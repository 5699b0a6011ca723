import { randomBytes, randomUUID } from 'node:crypto';
import { SignJWT, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Revocation, Store } from '@sluice/engine';
import type { Issuer } from '@sluice/flow';
import {
  RUNTIME_ISSUER_SCOPES,
  typeMatches,
  type Bearer,
  type RuntimeIssuer,
  type SluiceError,
  type Tokens as TokensOfPlugins,
} from '@sluice/plugin-api';
import type { Env } from './env.js';
import { hostFail } from './failures.js';

/** The built-in issuer, the only one that may grant `viewer` and `admin`. Tokens without `kid` belong to it. */
const OPERATOR = 'operator';
const OPERATOR_ONLY = ['viewer', 'admin'];
/** Tolerance for differences between clocks. */
const SKEW_SECONDS = 60;
/** Types of events that only the engine may publish. */
const RESERVED = ['user.#', 'sluice.#'];
const REMEMBERED = 10_000;
/** Maximum validity of a token of the operator. */
export const OPERATOR_MAX_TTL_MS = 366 * 24 * 3_600_000;
/** The default scope of an endpoint. */
const EVENTS_WRITE = 'events:write';
const MAX_JTI_LENGTH = 200;
/** Maximum validity of a token of an issuer that a plugin has registered. */
const RUNTIME_MAX_TTL_MS = 24 * 3_600_000;
/** Minimum length of a key for HS256, RFC 7518, section 3.2. */
const MIN_KEY_BYTES = 32;
/** Maximum length of an extension, a group or a workplace. */
const MAX_CLAIM_LENGTH = 100;

interface SigningIssuer {
  readonly name: string;
  readonly keys: readonly Uint8Array[];
  readonly events: readonly string[];
  readonly endpoints?: readonly string[] | undefined;
  readonly topics: readonly string[];
  /** Absent: tokens of the issuer may name any value. */
  readonly extensions?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Present: a token without the claim may name no workplace. */
  readonly workplaces?: readonly string[] | undefined;
  readonly grants: (scope: string) => boolean;
  readonly maxTtlMs: number | undefined;
}

/** The claims by which a token can be revoked. */
interface TokenIdentity {
  readonly jti?: string;
  /** Unix milliseconds. */
  readonly issuedAt?: number;
}

/**
 * Tokens are HS256 JSON Web Tokens (RFC 7519): header `kid` (the issuer), claims `sub`, `scope` (words with spaces between), `exp`.
 * For desktops also `extension` (a text), `groups` and `workplaces` (lists of texts). Each issuer has its own key and limited rights, so
 * a leaked key of one 1C cannot sign tokens of administrators.
 */
export class Tokens implements TokensOfPlugins {
  readonly #issuers = new Map<string, SigningIssuer>();
  /** Issuers that plugins have registered, by connection and name. */
  readonly #registered = new Map<string, ReadonlyMap<string, SigningIssuer>>();
  /** The key of each token of a registered issuer, which may be withdrawn. */
  readonly #keys = new WeakMap<Bearer, Uint8Array>();
  readonly #known = new Map<string, Bearer>();
  readonly #identities = new WeakMap<Bearer, TokenIdentity>();
  readonly #watched = new Map<Bearer, Set<() => void>>();
  #revokedTokens: ReadonlySet<string> = new Set();
  #revokedUsers: ReadonlyMap<string, number> = new Map();

  /** @param onRefused receives each refused token: at which entry point, why in one word, and a message without the token */
  constructor(
    operatorSecret: string,
    issuers: readonly Issuer[],
    private readonly onRefused: (entryPoint: string, reason: string, message: string) => void = () => undefined,
  ) {
    this.#issuers.set(OPERATOR, {
      name: OPERATOR,
      keys: [bytes(operatorSecret)],
      events: ['#'],
      topics: ['#'],
      grants: () => true,
      maxTtlMs: OPERATOR_MAX_TTL_MS,
    });
    for (const issuer of issuers) {
      this.#issuers.set(issuer.name, {
        name: issuer.name,
        keys: issuer.secrets.map(bytes),
        events: issuer.events,
        endpoints: issuer.endpoints,
        topics: issuer.topics,
        extensions: issuer.extensions,
        groups: issuer.groups,
        workplaces: issuer.workplaces,
        grants: (scope) => issuer.scopes.includes(scope) && !OPERATOR_ONLY.includes(scope),
        maxTtlMs: issuer.maxTtlMs,
      });
    }
  }

  /**
   * Verifies a token. Rejects with `TOKEN_MISSING` or `TOKEN_INVALID`; the message contains the reason and never the token.
   * @param entryPoint entry point of the request, for the metric of rejected tokens
   */
  async verify(token: string | undefined, entryPoint = 'http'): Promise<Bearer> {
    try {
      return await this.#verified(token);
    } catch (error) {
      const { message, options } = error as SluiceError;
      this.onRefused(entryPoint, (options.details as { reason?: string } | undefined)?.reason ?? 'invalid', message);
      throw error;
    }
  }

  /** Returns a view of these tokens for another entry point. */
  at(entryPoint: string): TokensOfPlugins {
    return {
      verify: (token) => this.verify(token, entryPoint),
      requireScope,
      requireEventType,
      requireTopic,
      onRevoked: (bearer, back) => this.onRevoked(bearer, back),
      issuersOf: (scope) => this.issuersOf(scope),
    };
  }

  /** Replaces the revocations and notifies the watchers of revoked tokens. */
  revoke(revocations: readonly Revocation[]): void {
    this.#revokedTokens = new Set(revocations.flatMap((one) => ('jti' in one ? [`${one.issuer}/${one.jti}`] : [])));
    this.#revokedUsers = new Map(
      revocations.flatMap((one) => ('sub' in one ? [[`${one.issuer}/${one.sub}`, one.at.getTime()] as const] : [])),
    );
    this.#notifyRevoked();
  }

  /** Replaces the issuers that a connection has registered, and notifies the watchers of tokens whose key was withdrawn. */
  replaceIssuers(connection: string, issuers: readonly RuntimeIssuer[]): void {
    this.#registered.set(connection, new Map(issuers.map((issuer) => [issuer.name, toSigning(issuer)])));
    this.#notifyRevoked();
  }

  #notifyRevoked(): void {
    for (const [bearer, backs] of [...this.#watched]) {
      if (!this.#isRevoked(bearer)) continue;
      this.#watched.delete(bearer);
      for (const back of backs) back();
    }
  }

  onRevoked(bearer: Bearer, back: () => void): () => void {
    const backs = this.#watched.get(bearer) ?? new Set();
    this.#watched.set(bearer, backs.add(back));
    return () => {
      backs.delete(back);
      if (backs.size === 0 && this.#watched.get(bearer) === backs) this.#watched.delete(bearer);
    };
  }

  /** Names of all issuers, that of the operator first. */
  get issuers(): readonly string[] {
    return [...this.#issuers.keys()];
  }

  async #verified(token: string | undefined): Promise<Bearer> {
    if (token === undefined || token === '')
      throw hostFail.TOKEN_MISSING('no token was sent', { details: { reason: 'missing' } });
    const known = this.#known.get(token);
    const isKnown = known && known.expiresAt + SKEW_SECONDS * 1_000 > Date.now();
    const sender = isKnown ? known : await this.#read(token);
    if (this.#isRevoked(sender)) throw invalid('revoked', 'the token has been revoked');
    if (sender === known) return known;
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(token, sender);
    return sender;
  }

  /** Returns whether a token is revoked. A token without a time of issue counts as older than the revocation. */
  #isRevoked(bearer: Bearer): boolean {
    const { jti, issuedAt } = this.#identities.get(bearer) ?? {};
    if (this.#isWithdrawn(bearer)) return true;
    if (jti !== undefined && this.#revokedTokens.has(`${bearer.issuer}/${jti}`)) return true;
    const before = this.#revokedUsers.get(bearer.user);
    return before !== undefined && (issuedAt === undefined || issuedAt <= before);
  }

  /** Returns whether the key of a token does not belong to its registered issuer any more. */
  #isWithdrawn(bearer: Bearer): boolean {
    const key = this.#keys.get(bearer);
    if (!key) return false;
    return !this.#named(bearer.issuer)?.keys.some((one) => Buffer.compare(one, key) === 0);
  }

  /** Returns the issuer with this name. Those of sluice.yaml have precedence. */
  #named(name: string): SigningIssuer | undefined {
    const own = this.#issuers.get(name);
    if (own) return own;
    for (const issuers of this.#registered.values()) {
      const registered = issuers.get(name);
      if (registered) return registered;
    }
    return undefined;
  }

  requireScope = requireScope;
  requireEventType = requireEventType;
  requireTopic = requireTopic;

  issuersOf(scope: string): readonly string[] {
    const given = [...this.#issuers.values()].filter((issuer) => issuer.name !== OPERATOR && issuer.grants(scope));
    return given.length > 0 ? given.map((issuer) => issuer.name) : [OPERATOR];
  }

  async #read(token: string): Promise<Bearer> {
    const issuer = this.#issuerOf(token);
    const { payload, key } = await verifiedBy(issuer, token);
    const { sub, scope, exp, iat, jti, extension, groups, workplaces } = payload;
    if (typeof sub !== 'string' || sub === '') throw invalid('claims', 'the token has no `sub`');
    if (typeof exp !== 'number') throw invalid('claims', 'the token has no `exp`');
    const asked =
      typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : Array.isArray(scope) ? scope.map(String) : [];
    const [own] = within(issuer.extensions, [extension].filter(isShort).map(String));
    const issuedAt = typeof iat === 'number' ? iat * 1_000 : undefined;
    const bearer: Bearer = frozen({
      user: `${issuer.name}/${sub}`,
      issuer: issuer.name,
      sub,
      scopes: asked.filter((one) => issuer.grants(one)),
      events: issuer.events,
      ...(issuer.endpoints && { endpoints: issuer.endpoints }),
      topics: issuer.topics,
      ...(own !== undefined && { extension: own }),
      groups: within(issuer.groups, textsOf(groups)),
      // the list of an issuer must also apply to a token without the claim
      ...((workplaces !== undefined || issuer.workplaces) && { workplaces: within(issuer.workplaces, textsOf(workplaces)) }),
      expiresAt: capped(issuer, exp * 1_000, issuedAt),
    });
    if (!this.#issuers.has(issuer.name)) this.#keys.set(bearer, key);
    this.#identities.set(bearer, {
      ...(typeof jti === 'string' && jti.length <= MAX_JTI_LENGTH && { jti }),
      ...(issuedAt !== undefined && { issuedAt }),
    });
    return bearer;
  }

  #issuerOf(token: string): SigningIssuer {
    let kid: string | undefined;
    try {
      kid = decodeProtectedHeader(token).kid;
    } catch {
      throw invalid('malformed', 'it is not a JSON Web Token');
    }
    const issuer = this.#named(kid ?? OPERATOR);
    if (!issuer) throw invalid('issuer', `there is no issuer "${String(kid).slice(0, 64)}"`);
    return issuer;
  }
}

/** Throws `FORBIDDEN` when the sender lacks the scope. */
export function requireScope(sender: Bearer, scope: string): void {
  if (sender.scopes.includes(scope) || sender.scopes.includes('admin')) return;
  throw hostFail.FORBIDDEN(`the token of ${sender.issuer}/${sender.sub} lacks the scope ${scope}`);
}

/** Throws `FORBIDDEN` when the issuer of the sender may not publish events of this type, or the type is reserved. */
export function requireEventType(sender: Bearer, type: string): void {
  if (RESERVED.some((pattern) => typeMatches(pattern, type)))
    throw hostFail.FORBIDDEN(`events ${type} are published by Sluice alone`);
  if (sender.events.some((pattern) => typeMatches(pattern, type))) return;
  throw hostFail.FORBIDDEN(`the issuer ${sender.issuer} may not publish ${type}`);
}

/**
 * Throws `FORBIDDEN` when the issuer of the sender may not call this endpoint. An issuer without a list of endpoints that may publish
 * only certain events may not call endpoints with the default scope, because their flows accept any data.
 * @param path decoded, such as `/in/shop/orders`
 */
export function requireEndpoint(sender: Bearer, path: string, scope: string): void {
  const { endpoints, events, issuer } = sender;
  const isOpen = endpoints
    ? endpoints.some((pattern) => pathMatches(pattern, path))
    : scope !== EVENTS_WRITE || events.length === 0 || events.includes('#');
  if (isOpen) return;
  throw hostFail.FORBIDDEN(
    endpoints
      ? `the issuer ${issuer} may not call ${path}: add it to issuers.${issuer}.endpoints in sluice.yaml`
      : `the issuer ${issuer} may publish certain events only, and no endpoints: list ${path} in issuers.${issuer}.endpoints in sluice.yaml`,
  );
}

/** Matches a path: `*` stands for one segment, `**` at the end for any number of segments. */
function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const segments = path.split('/');
  const isOpenEnded = wanted.at(-1) === '**';
  if (isOpenEnded) wanted.pop();
  if (isOpenEnded ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((one, index) => one === '*' || one === segments[index]);
}

/** Throws `FORBIDDEN` when users of the sender's issuer may not listen to this topic. */
export function requireTopic(sender: Bearer, topic: string): void {
  if (sender.topics.some((pattern) => typeMatches(pattern, topic))) return;
  throw hostFail.FORBIDDEN(`users of the issuer ${sender.issuer} may not listen to the topic ${topic}`);
}

/** Freezes a bearer and its lists: plugins receive the same object that the next request with this token gets. */
function frozen(bearer: Bearer): Bearer {
  for (const value of Object.values(bearer)) Object.freeze(value);
  return Object.freeze(bearer);
}

/** Returns the claimed values that the issuer may grant. */
function within(allowed: readonly string[] | undefined, named: readonly string[]): readonly string[] {
  return allowed === undefined ? named : named.filter((one) => allowed.some((pattern) => typeMatches(pattern, one)));
}

const isShort = (claim: unknown): claim is string | number =>
  typeof claim === 'number' || (typeof claim === 'string' && claim !== '' && claim.length <= MAX_CLAIM_LENGTH);

/** Returns the usable texts of a claim; none for a claim that is not a list. */
function textsOf(claim: unknown): readonly string[] {
  return (Array.isArray(claim) ? claim : []).filter(isShort).map(String);
}

export interface OperatorClaims {
  readonly sub: string;
  readonly scope: string;
  readonly ttlMs: number;
  /** Telephone extension of the user. */
  readonly extension?: string;
  readonly groups?: readonly string[];
  /** The workplaces that clients with the token may name. Absent: any. */
  readonly workplaces?: readonly string[];
}

/** Signs a token of the operator. */
export function signOperatorToken(secret: string, claims: OperatorClaims): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const { scope, extension, groups, workplaces } = claims;
  const desktop = { ...(extension !== undefined && { extension }), ...(groups && { groups }), ...(workplaces && { workplaces }) };
  return new SignJWT({ scope, ...desktop })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(claims.sub)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(claims.ttlMs / 1_000))
    .sign(bytes(secret));
}

async function verifiedBy(issuer: SigningIssuer, token: string) {
  let last: unknown;
  for (const key of issuer.keys) {
    try {
      const required = { algorithms: ['HS256'], clockTolerance: SKEW_SECONDS, requiredClaims: ['exp', 'sub'] };
      return { payload: (await jwtVerify(token, key, required)).payload, key };
    } catch (error) {
      last = error;
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw whatIsWrong(last, issuer.name);
}

/** Returns a registered issuer, whose tokens grant a few scopes and nothing else. */
function toSigning({ name, keys, scopes }: RuntimeIssuer): SigningIssuer {
  if (keys.some((key) => key.length < MIN_KEY_BYTES)) throw new Error(`a key of the issuer ${name} is shorter than 32 bytes`);
  const granted: readonly string[] = RUNTIME_ISSUER_SCOPES.filter((scope) => scopes.includes(scope));
  return {
    name,
    keys,
    events: [],
    endpoints: [],
    topics: [],
    extensions: [],
    groups: [],
    grants: (scope) => granted.includes(scope),
    maxTtlMs: RUNTIME_MAX_TTL_MS,
  };
}

function whatIsWrong(error: unknown, issuer: string): SluiceError {
  if (error instanceof errors.JWTExpired) return invalid('expired', 'the token has expired');
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid('signature', `the signature is not made with the key of issuer ${issuer}`);
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('algorithm', 'only HS256 is taken');
  if (error instanceof errors.JWTClaimValidationFailed) return invalid('claims', `the claim ${error.claim} is missing or wrong`);
  return invalid('malformed', 'it is not a valid JSON Web Token');
}

/** @param reason one word, for the count of refused tokens */
function invalid(reason: string, message: string): SluiceError {
  return hostFail.TOKEN_INVALID(message, { details: { reason } });
}

/** Limits the validity of a token to `maxTtl` of its issuer. */
function capped(issuer: SigningIssuer, expiresAt: number, issuedAt: number | undefined): number {
  if (issuer.maxTtlMs === undefined) return expiresAt;
  const from = issuedAt ?? Date.now();
  // a future time of issue would disable the limit
  if (from > Date.now() + SKEW_SECONDS * 1_000) throw invalid('claims', 'the token is issued in the future: look at the clocks');
  if (issuedAt === undefined && expiresAt - from > issuer.maxTtlMs + SKEW_SECONDS * 1_000) {
    throw invalid('claims', `the token lives longer than the issuer ${issuer.name} allows, and has no \`iat\``);
  }
  const end = Math.min(expiresAt, from + issuer.maxTtlMs);
  if (end + SKEW_SECONDS * 1_000 < Date.now())
    throw invalid('expired', `the token is older than the issuer ${issuer.name} allows`);
  return end;
}

function bytes(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

/** Returns the secret of the operator: from the environment, or generated once and stored in the database for all hosts. */
export async function operatorSecret(env: Env, store: Store): Promise<string> {
  return env.SLUICE_TOKEN_SECRET ?? (await store.secret('operator', () => randomBytes(32).toString('base64url')));
}
