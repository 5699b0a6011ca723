import { fileURLToPath } from 'node:url';

/** The folder of the repository: its sluice.yaml and flows/ are the samples. */
export const SAMPLE_WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
