import { CommandError } from '../exit.js';

/** What a token says of itself. */
export interface DecodedToken {
  readonly issuer: string;
  readonly sub: string;
  readonly jti?: string;
}

/** Reads a JSON Web Token without verifying it. Throws when it is none. */
export function decodeToken(token: string): DecodedToken {
  try {
    const parts = token.split('.', 2);
    const [head, body] = parts.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    const { kid = 'operator' } = head as { kid?: string };
    const { sub = '', jti } = body as { sub?: string; jti?: string };
    return { issuer: kid, sub, ...(jti !== undefined && { jti }) };
  } catch {
    throw new CommandError('token revoke: this is no JSON Web Token: copy it whole');
  }
}
