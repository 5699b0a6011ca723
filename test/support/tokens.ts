import { SignJWT } from 'jose';

/** `SLUICE_TOKEN_SECRET` of the hosts of the tests. */
export const OPERATOR_SECRET = 'the operator of the tests signs with this';

export interface TokenClaims {
  readonly sub?: string;
  readonly scope?: string;
  /** The issuer; absent: the operator. */
  readonly kid?: string;
  readonly secret?: string;
  /** Seconds from now. */
  readonly ttl?: number;
}

/** Signs a token with HS256, as 1C or another sender does; `kid` names the issuer. */
export function signToken({
  sub = 'driver',
  scope = 'events:write',
  kid,
  secret,
  ttl = 3_600,
}: TokenClaims = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...(kid !== undefined && { kid }) })
    .setSubject(sub)
    .setIssuedAt(now)
    .setExpirationTime(now + ttl)
    .sign(new TextEncoder().encode(secret ?? OPERATOR_SECRET));
}
