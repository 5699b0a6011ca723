export { mutantsOf, type Mutant } from './mutants.js';
export { OPERATORS, type OperatorName } from './operators.js';
export { compareSurvivors, type KnownSurvivor, type MutantResult, type Verdict } from './survivors.js';
