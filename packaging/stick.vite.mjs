/**
 * `npm run build:stick`: dist/portico-stick.mjs, the commands of `portico stick` in one file that needs nothing but Node beside it. Built from
 * what tsc has put out.
 */
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

export default {
  root,
  configFile: false,
  publicDir: false,
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'dist/cli/porticoStick.js',
    target: 'node20',
    outDir: 'dist',
    emptyOutDir: false,
    minify: false, // whoever signs for all boxes may want to read what with
    rolldownOptions: {
      output: { entryFileNames: 'portico-stick.mjs', format: 'es', codeSplitting: false },
      // The box's own modules do nothing when they are loaded, so what is not used of them, such as the logger and the timetable, stays out.
      treeshake: { moduleSideEffects: (id) => !id.startsWith(`${root}dist/appliance/`) && !id.includes('/node_modules/node-cron/') },
    },
  },
};
