import root from '../../../eslint.config.js';

// the page runs in browsers: its types are not those of the server's programs
export default [
  ...root,
  { languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } } },
  { files: ['eslint.config.js'], languageOptions: { parserOptions: { project: null, program: null } } },
];
