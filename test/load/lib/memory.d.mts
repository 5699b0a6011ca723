export class MemoryTrend {
  sample(probed: {
    memory(): Promise<{ readonly heapUsed: number; readonly external: number; readonly rss: number }>;
  }): Promise<void>;
  summary(): { readonly samples: number; readonly heapMiB: number; readonly isFlat: boolean | undefined };
}
