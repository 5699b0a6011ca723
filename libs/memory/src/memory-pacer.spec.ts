import { pacerConformance } from '@sluice/testing';
import { MemoryPacer } from './memory-pacer.js';

pacerConformance('memory', { hosts: false, policy: false }, () =>
  Promise.resolve({ open: () => Promise.resolve(new MemoryPacer()), close: () => Promise.resolve() }),
);
