// The data of a run. A profile describes an office; the generator makes it larger by a factor.

/** An office of 40 people: with whom they talk, and about what. */
export const OFFICE = {
  people: 40,
  bots: 4,
  discussions: [
    { kind: 'direct', members: 2, count: 40 },
    { kind: 'contextual', members: 5, count: 30 },
    { kind: 'group', members: 5, count: 20 },
    { kind: 'group', members: 20, count: 1 },
  ],
  /** In each discussion. */
  messages: 5,
};

/** Returns the profile of an office that has `factor` times the people, bots and discussions. */
export function multiply(profile, factor) {
  return {
    ...profile,
    people: profile.people * factor,
    bots: profile.bots * factor,
    discussions: profile.discussions.map((each) => ({ ...each, count: each.count * factor })),
  };
}
