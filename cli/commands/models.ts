import type { Command } from 'commander';
import type { Act } from '../program.js';

export function register(program: Command, act: Act): void {
  program.command('models').description('the neural networks that the box recognises with')
    .command('check')
    .description('self-test and timing of a model pack; with photos also its error rates against the present pack, and its thresholds')
    .argument('<dir>', 'folder of the pack: .onnx files and manifest.json')
    .option('--faces <folder>', 'a folder of photos for each person')
    .option('--write', 'put the measured thresholds and gates into the manifest of the pack')
    .action(act(async (output, dir: string, options: { faces?: string; write?: boolean }) => {
      const [{ loadConfig }, { checkModels }] = await Promise.all([import('../../appliance/config/index.js'), import('../modelsCheck.js')]);
      const { modelsDirectory } = loadConfig();
      output.result(await checkModels({ dir, presentDir: modelsDirectory, facesDir: options.faces ?? null, write: options.write ?? false }, output));
    }));
}
