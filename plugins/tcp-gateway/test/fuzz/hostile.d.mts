/** Returns the input of one client in pieces: malformed STOMP, the same for the same seed. */
export function hostilePieces(seed: number): Buffer[];
