import { fileURLToPath } from 'node:url';

/** The root folder of the repository, whose sluice.yaml and flows/ are the sample workspace. */
export const SAMPLE_WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));
