import { CommandError } from '../exit.js';

/** The claims that identify a token. */
export interface DecodedToken {
  readonly issuer: string;
  readonly sub: string;
  readonly jti?: string;
}

/** Reads a JSON Web Token without verifying it. Throws when the text is not a token. */
export function decodeToken(token: string): DecodedToken {
  try {
    const parts = token.split('.', 2);
    const [head, body] = parts.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
    const { kid = 'operator' } = head as { kid?: string };
    const { sub = '', jti } = body as { sub?: string; jti?: string };
    return { issuer: kid, sub, ...(jti !== undefined && { jti }) };
  } catch {
    throw new CommandError('token revoke: the argument is not a JSON Web Token: copy the complete token');
  }
}
