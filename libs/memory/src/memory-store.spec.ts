import { storeConformance } from '@sluice/testing';
import { MemoryDatabase } from './memory-database.js';
import { MemoryStore } from './memory-store.js';

storeConformance('memory', { outages: true }, async () => {
  const database = new MemoryDatabase();
  return {
    open: async () => new MemoryStore(database),
    stopDatabase: async () => void (database.away = true),
    startDatabase: async () => void (database.away = false),
    close: async () => undefined,
  };
});
