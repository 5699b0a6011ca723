import type { Field, Group, Rule } from './types.js';

interface Occurs {
  readonly minOccurs: number;
  readonly maxOccurs: number;
}

/** A part of a content model (XML Schema 1.0, 3.9). */
export type Particle =
  | (Occurs & { readonly kind: 'element'; readonly field: Field })
  | (Occurs & { readonly kind: 'any' })
  | (Occurs & { readonly kind: 'sequence' | 'choice'; readonly particles: readonly Particle[] });

interface Outer {
  readonly optional: boolean;
  /** The factor of the compositors around a particle. */
  readonly times: number;
}

export interface ContentModel {
  readonly fields: readonly Field[];
  readonly rules: readonly Rule[];
}

/** Returns the fields of a content model, in their order, and the rules for combining them. */
export function readParticles(particles: readonly Particle[]): ContentModel {
  const fields: Field[] = [];
  const rules: Rule[] = [];

  const read = (particle: Particle, outer: Outer): void => {
    switch (particle.kind) {
      case 'any':
        rules.push({ kind: 'any', required: particle.minOccurs > 0 && !outer.optional });
        return;
      case 'element':
        addElement(particle.field, particle, outer);
        return;
      case 'sequence':
      case 'choice':
        readCompositor(particle, outer);
    }
  };

  const readCompositor = (particle: Extract<Particle, { readonly particles: readonly Particle[] }>, outer: Outer): void => {
    const isChoice = particle.kind === 'choice';
    const inner = {
      optional: outer.optional || particle.minOccurs === 0 || isChoice,
      times: outer.times * particle.maxOccurs,
    };
    for (const one of particle.particles) read(one, inner);
    const groups = particle.particles.filter(({ kind }) => kind !== 'any').map((one) => groupOf([one]));
    const whole = groupOf(particle.particles);
    if (isChoice && !particle.particles.some(({ kind }) => kind === 'any')) {
      const mayBeEmpty = outer.optional || particle.minOccurs === 0;
      // a repeated choice may mix its alternatives
      if (particle.maxOccurs === 1 && groups.length > 1)
        rules.push({ kind: 'choice', groups, optional: mayBeEmpty || groups.some(({ required }) => required.length === 0) });
      else if (!mayBeEmpty && groups.every(({ required }) => required.length > 0))
        rules.push({ kind: 'choice', groups: [anyOf(groups)], optional: false });
    }
    if (isChoice) return;
    if (particle.minOccurs === 0 && whole.required.length > 0 && whole.keys.length > 1)
      rules.push({ kind: 'together', group: whole });
    if (particle.maxOccurs > 1 && whole.keys.length > 1) rules.push({ kind: 'repeat', keys: whole.keys });
  };

  const addElement = (field: Field, { minOccurs, maxOccurs }: Occurs, { optional, times }: Outer): void => {
    const added = {
      ...field,
      optional: optional || minOccurs === 0,
      many: times * maxOccurs > 1,
      minOccurs,
      maxOccurs: times * maxOccurs,
    };
    // alternatives of a choice may begin with the same element
    const same = fields.findIndex(({ name, type }) => name === field.name && type === field.type);
    const before = fields[same];
    if (before === undefined || !optional) fields.push(added);
    else
      fields[same] = {
        ...added,
        optional: true,
        many: before.many || added.many,
        maxOccurs: Math.max(before.maxOccurs, added.maxOccurs),
      };
  };

  for (const particle of particles) read(particle, { optional: false, times: 1 });
  return { fields, rules };
}

/** Returns the elements of the particles, and those that are required as soon as one element is present. */
function groupOf(particles: readonly Particle[]): Group {
  const keys: string[] = [];
  const required: string[] = [];
  const add = (particle: Particle, optional: boolean): void => {
    if (particle.kind === 'any') return;
    const isOptional = optional || particle.minOccurs === 0;
    if (particle.kind === 'element') {
      keys.push(particle.field.key);
      if (!isOptional) required.push(particle.field.key);
    } else for (const one of particle.particles) add(one, isOptional || particle.kind === 'choice');
  };
  for (const particle of particles) add(particle, false);
  return { keys, required };
}

function anyOf(groups: readonly Group[]): Group {
  return { keys: groups.flatMap(({ keys }) => keys), required: [] };
}
