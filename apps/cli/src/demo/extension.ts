const FIRST = 100;

/** Returns the extension of `user1`, `user2` and so on: 101, 102. */
export function extensionOf(user: string): string {
  return String(FIRST + Number(user.replace('user', '')));
}
