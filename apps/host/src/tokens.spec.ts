import { describe, expect, it } from '@jest/globals';
import type { Issuer } from '@sluice/flow';
import { decodeJwt, SignJWT } from 'jose';
import { requireEventType, requireScope, signOperatorToken, Tokens } from './tokens.js';

const OPERATOR_SECRET = 'o'.repeat(32);
const OLD = 'a'.repeat(32);
const NEW = 'b'.repeat(32);
const HOUR = 3_600_000;

const erp: Issuer = {
  name: 'erp',
  secrets: [NEW, OLD],
  scopes: ['events:write', 'desktop'],
  events: ['erp.*'],
  topics: [],
  maxTtlMs: 12 * HOUR,
};
const tokens = () => new Tokens(OPERATOR_SECRET, [erp]);

interface Claims {
  readonly kid?: string;
  readonly secret?: string;
  readonly alg?: string;
  readonly claims?: Record<string, unknown>;
}

function sign({ kid = 'erp', secret = NEW, alg = 'HS256', claims = {} }: Claims = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ sub: 'ivanov', scope: 'events:write', iat: now, exp: now + 60, ...claims })
    .setProtectedHeader({ alg, kid })
    .sign(new TextEncoder().encode(secret));
}

const refusal = async (token: string | undefined) =>
  tokens()
    .verify(token)
    .then(
      () => 'taken',
      (error: { code: string; message: string }) => `${error.code} ${error.message}`,
    );
const seconds = (fromNow: number) => Math.floor(Date.now() / 1_000) + fromNow;

describe('a token', () => {
  it('of an issuer grants the claimed rights that the issuer may grant', async () => {
    const sender = await tokens().verify(await sign({ claims: { scope: 'events:write admin viewer orders:write' } }));
    expect(sender).toMatchObject({ issuer: 'erp', sub: 'ivanov', scopes: ['events:write'] });
  });

  it('of the operator may grant everything', async () => {
    const token = await signOperatorToken(OPERATOR_SECRET, { sub: 'me', scope: 'admin', ttlMs: HOUR });
    const sender = await tokens().verify(token);
    expect(() => requireScope(sender, 'viewer')).not.toThrow();
    expect(sender).toMatchObject({ issuer: 'operator', scopes: ['admin'] });
  });

  it('with a future time of issue is rejected, because it would extend its validity', async () => {
    const claims = { iat: seconds(10 * 3_600), exp: seconds(20 * 3_600) };
    expect(await refusal(await sign({ claims }))).toMatch(/^TOKEN_INVALID .*future/);
  });

  it('may be signed with either secret while the issuer rotates them', async () => {
    await expect(tokens().verify(await sign({ secret: OLD }))).resolves.toMatchObject({ sub: 'ivanov' });
  });

  it.each<[string, Promise<string | undefined>, string]>([
    ['that is missing', Promise.resolve(undefined), 'TOKEN_MISSING'],
    ['that is garbage', Promise.resolve('x.y.z'), 'TOKEN_INVALID it is not a JSON Web Token'],
    ['of an unknown issuer', sign({ kid: 'crm' }), 'TOKEN_INVALID there is no issuer "crm"'],
    [
      'signed with another key',
      sign({ secret: 'c'.repeat(32) }),
      'TOKEN_INVALID the signature is not made with the key of issuer erp',
    ],
    ['of another algorithm', sign({ alg: 'HS512', secret: NEW.repeat(2) }), 'TOKEN_INVALID only HS256'],
    ['without an end', sign({ claims: { exp: undefined } }), 'TOKEN_INVALID the claim exp'],
    ['without a subject', sign({ claims: { sub: undefined } }), 'TOKEN_INVALID the claim sub'],
    ['that has expired', sign({ claims: { exp: seconds(-120) } }), 'TOKEN_INVALID the token has expired'],
    [
      'older than its issuer allows',
      sign({ claims: { iat: seconds(-13 * 3_600), exp: seconds(3_600) } }),
      'TOKEN_INVALID the token is older',
    ],
    [
      'that would live too long',
      sign({ claims: { iat: undefined, exp: seconds(24 * 3_600) } }),
      'TOKEN_INVALID the token lives longer',
    ],
  ])('%s is rejected', async (_title, token, expected) => {
    expect(await refusal(await token)).toContain(expected);
  });

  it('that expired within the clock tolerance is accepted', async () => {
    expect(await refusal(await sign({ claims: { exp: seconds(-30) } }))).toBe('taken');
  });

  it('with a longer validity is limited by its issuer', async () => {
    const sender = await tokens().verify(await sign({ claims: { exp: seconds(24 * 3_600) } }));
    expect(sender.expiresAt).toBeLessThanOrEqual(Date.now() + 12 * HOUR);
  });

  it('is verified to an object that no plugin can change', async () => {
    const known = tokens();
    const token = await signOperatorToken(OPERATOR_SECRET, { sub: 'anna', scope: 'desktop', ttlMs: 60_000, groups: ['sales'] });
    const bearer = await known.verify(token);
    expect(() => (bearer.scopes as string[]).push('admin')).toThrow(TypeError);
    expect(() => (bearer.groups as string[]).push('bosses')).toThrow(TypeError);
    expect(() => Object.assign(bearer, { user: 'operator/root' })).toThrow(TypeError);
    expect((await known.verify(token)).scopes).toEqual(['desktop']);
  });

  it('is never part of an error message', async () => {
    const token = await sign({ secret: 'c'.repeat(32) });
    expect(await refusal(token)).not.toContain(token.slice(0, 20));
  });
});

describe('workplaces of a token', () => {
  const workplacesOf = async (workplaces: unknown, allowed?: readonly string[]) => {
    const all = new Tokens(OPERATOR_SECRET, [{ ...erp, ...(allowed && { workplaces: allowed }) }]);
    const { workplaces: verified } = await all.verify(await sign({ claims: { workplaces } }));
    return verified;
  };

  it('are absent when neither the token nor its issuer lists any', async () => {
    expect(await workplacesOf(undefined)).toBeUndefined();
  });

  it('are those of the claim, each of 1 to 100 characters', async () => {
    expect(await workplacesOf(['DESK-7', 12, '', 'x'.repeat(101), {}])).toEqual(['DESK-7', '12']);
  });

  it.each([[[]], ['DESK-7'], [null], [{ 0: 'DESK-7' }]])('are none for the claim %j: it limits and lists none', async (claim) => {
    expect(await workplacesOf(claim)).toEqual([]);
  });

  it('are those that the issuer allows', async () => {
    expect(await workplacesOf(['shop.1', 'office.1'], ['shop.*'])).toEqual(['shop.1']);
  });

  it('are none without the claim when the issuer lists some', async () => {
    expect(await workplacesOf(undefined, ['shop.*'])).toEqual([]);
  });

  it('are signed into a token of the operator', async () => {
    const claims = { sub: 'me', scope: 'desktop', ttlMs: HOUR, workplaces: ['DESK-7'] };
    const bearer = await tokens().verify(await signOperatorToken(OPERATOR_SECRET, claims));
    expect(bearer.workplaces).toEqual(['DESK-7']);
  });
});

describe('a sender', () => {
  it('publishes only the types of its issuer and no reserved types', async () => {
    const sender = await tokens().verify(await sign());
    expect(() => requireEventType(sender, 'erp.saved')).not.toThrow();
    expect(() => requireEventType(sender, 'crm.saved')).toThrow('the issuer erp may not publish crm.saved');
    const operator = await tokens().verify(
      await signOperatorToken(OPERATOR_SECRET, { sub: 'me', scope: 'events:write', ttlMs: HOUR }),
    );
    expect(() => requireEventType(operator, 'user.connected')).toThrow('published by Sluice alone');
  });

  it('without a scope gets the name of the missing scope', async () => {
    const sender = await tokens().verify(await sign({ claims: { scope: 'desktop' } }));
    expect(() => requireScope(sender, 'events:write')).toThrow('the token of erp/ivanov lacks the scope events:write');
  });
});

describe('a revoked token', () => {
  const user = { sub: 'me', scope: 'admin', ttlMs: HOUR };
  const jtiOf = (token: string) => decodeJwt(token).jti as string;

  it('is rejected by its `jti`, also after an earlier verification', async () => {
    const all = tokens();
    const [one, other] = [await signOperatorToken(OPERATOR_SECRET, user), await signOperatorToken(OPERATOR_SECRET, user)];
    await all.verify(one);
    all.revoke([{ issuer: 'operator', jti: jtiOf(one), at: new Date() }]);
    await expect(all.verify(one)).rejects.toMatchObject({ code: 'TOKEN_INVALID', message: 'the token has been revoked' });
    await expect(all.verify(other)).resolves.toMatchObject({ sub: 'me' });
  });

  it('is rejected by its user when it was issued before the revocation, but not later', async () => {
    const all = tokens();
    const at = new Date(seconds(-30) * 1_000);
    all.revoke([{ issuer: 'erp', sub: 'ivanov', at }]);
    await expect(all.verify(await sign({ claims: { iat: seconds(-31) } }))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(all.verify(await sign({ claims: { iat: undefined } }))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(all.verify(await sign({ claims: { iat: seconds(-29) } }))).resolves.toMatchObject({ sub: 'ivanov' });
    await expect(all.verify(await sign({ claims: { iat: seconds(-31), sub: 'petrov' } }))).resolves.toBeDefined();
  });

  it('is reported once to its watchers', async () => {
    const all = tokens();
    const [one, other] = [await sign({ claims: { jti: 'a' } }), await sign({ claims: { jti: 'b' } })];
    const seen: string[] = [];
    all.onRevoked(await all.verify(one), () => seen.push('one'));
    all.onRevoked(await all.verify(other), () => seen.push('other'));
    all.onRevoked(await all.verify(one), () => seen.push('gone'))();
    const revoked = [{ issuer: 'erp', jti: 'a', at: new Date() }];
    all.revoke(revoked);
    all.revoke(revoked);
    expect(seen).toEqual(['one']);
  });
});

describe('a rejected token', () => {
  it.each([
    ['missing', async () => undefined],
    ['malformed', async () => 'nonsense'],
    ['issuer', () => sign({ kid: 'nobody' })],
    ['signature', () => sign({ secret: 'c'.repeat(32) })],
    ['expired', () => sign({ claims: { exp: seconds(-3_600) } })],
  ])('is counted with its entry point and the reason %s', async (reason, make) => {
    const refused: string[][] = [];
    const all = new Tokens(OPERATOR_SECRET, [erp], (...one) => refused.push(one));
    const token = await make();
    await expect(all.at('desktops').verify(token)).rejects.toBeDefined();
    expect(refused).toEqual([['desktops', reason, expect.any(String)]]);
    if (token !== undefined) expect(JSON.stringify(refused)).not.toContain(token);
  });
});

describe('a token of the operator', () => {
  it('is valid for at most a year', async () => {
    const ttlMs = 50 * 366 * 24 * HOUR;
    const sender = await tokens().verify(await signOperatorToken(OPERATOR_SECRET, { sub: 'me', scope: 'admin', ttlMs }));
    expect(sender.expiresAt).toBeLessThanOrEqual(Date.now() + 366 * 24 * HOUR);
  });
});

describe('an issuer that a plugin has registered', () => {
  const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const signed = (key: Uint8Array, claims: Record<string, unknown> = {}, kid = 'app-1') =>
    new SignJWT({ sub: 'anna', scope: 'conversations desktop', iat: seconds(0), exp: seconds(60), ...claims })
      .setProtectedHeader({ alg: 'HS256', kid })
      .sign(key);
  const registered = (...keys: Uint8Array[]) => {
    const own = tokens();
    own.replaceIssuers('talk', [{ name: 'app-1', keys, scopes: ['conversations', 'desktop'] }]);
    return own;
  };

  it('grants its scopes and nothing else', async () => {
    const claims = {
      scope: 'conversations conversations:server desktop admin viewer events:write',
      extension: '12',
      groups: ['all'],
    };
    const bearer = await registered(first).verify(await signed(first, claims));
    expect(bearer).toMatchObject({ scopes: ['conversations', 'desktop'], events: [], topics: [], endpoints: [], groups: [] });
    expect(bearer).not.toHaveProperty('extension');
    expect(registered(first).issuersOf('desktop')).toEqual(['erp']);
  });

  it('cannot grant a scope outside of its limits, whatever the plugin passes', async () => {
    const own = tokens();
    own.replaceIssuers('talk', [{ name: 'app-1', keys: [first], scopes: ['admin', 'conversations'] as never }]);
    expect((await own.verify(await signed(first, { scope: 'admin conversations' }))).scopes).toEqual(['conversations']);
  });

  it('limits tokens to 24 hours', async () => {
    const bearer = await registered(first).verify(await signed(first, { exp: seconds(72 * 3_600) }));
    expect(bearer.expiresAt).toBeLessThanOrEqual(Date.now() + 24 * HOUR);
  });

  it('loses the tokens of a key that was withdrawn, and keeps those of the other key', async () => {
    const own = registered(first, second);
    const [old, fresh] = await Promise.all([own.verify(await signed(first)), own.verify(await signed(second))]);
    const ended: string[] = [];
    own.onRevoked(old, () => ended.push('old'));
    own.onRevoked(fresh, () => ended.push('fresh'));
    own.replaceIssuers('talk', [{ name: 'app-1', keys: [second], scopes: ['conversations'] }]);
    expect(ended).toEqual(['old']);
    await expect(own.verify(await signed(first))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(own.verify(await signed(second))).resolves.toMatchObject({ sub: 'anna' });
    own.replaceIssuers('talk', []);
    expect(ended).toEqual(['old', 'fresh']);
    await expect(own.verify(await signed(second))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  it('cannot take the name of an issuer of sluice.yaml or of the operator', async () => {
    const own = tokens();
    const scopes = ['conversations'] as const;
    own.replaceIssuers(
      'talk',
      ['erp', 'operator'].map((name) => ({ name, keys: [first], scopes })),
    );
    for (const kid of ['erp', 'operator'])
      await expect(own.verify(await signed(first, {}, kid))).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(own.verify(await sign())).resolves.toMatchObject({ issuer: 'erp' });
  });
});
