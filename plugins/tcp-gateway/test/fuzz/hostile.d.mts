/** What one client sends, in the pieces in which it arrives: nearly STOMP, and the same for the same seed. */
export function hostilePieces(seed: number): Buffer[];
