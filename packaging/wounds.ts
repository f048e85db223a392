/** Ways to spoil the Dockerfile, and what has to be said of each: the proof that withoutDocker.ts can fail. */

export interface Wound { words: string; change: (dockerfile: string) => string; found: RegExp }

const APP = 'COPY --from=build /release/app /opt/portico/app\n';
const HEALTH = /HEALTHCHECK .*CMD (\[.*\])\n/;
const more = (line: string) => (dockerfile: string) => dockerfile.replace(APP, `${APP}${line}\n`);
const asCheck = (command: string) => (dockerfile: string) => dockerfile.replace(HEALTH, `HEALTHCHECK CMD ${command}\n`);

export const WOUNDS: readonly Wound[] = [
  { words: 'COPY of a folder that is not there', change: (d) => d.replace('/release/app /', '/release/apps /'), found: /COPY \/release\/apps: not there/ },
  { words: 'COPY from a stage that is not there', change: (d) => d.replace('--from=build /release/app', '--from=built /release/app'), found: /no such stage/ },
  { words: 'COPY without the models', change: (d) => d.replace(APP, ['dist', 'node_modules', 'appliance', 'package.json'].map((name) => `COPY --from=build /release/app/${name} /opt/portico/app/${name}\n`).join('')), found: /app\/models\/files\/\S+ of the release is missing/ },
  { words: 'COPY of packages that are only for development', change: more('COPY --from=build /build/node_modules/typescript /opt/portico/app/node_modules/typescript'), found: /node_modules\/typescript is only for development/ },
  { words: 'COPY of sources', change: more('COPY appliance /opt/portico/app/appliance'), found: /app\/appliance\/\S+\.ts is not of the release/ },
  { words: 'COPY of the builder\'s settings', change: more('COPY .npmrc /root/.npmrc'), found: /\/root\/\.npmrc is neither/ },
  { words: 'COPY of what is kept out', change: more('COPY .git /opt/portico/git'), found: /COPY \.git: not there/ },
  { words: 'FROM something else', change: (d) => d.replace('FROM node:24-bookworm-slim\n', 'FROM node:24-alpine\n'), found: /FROM node:24-alpine, which is not/ },
  { words: 'FROM the stage with the compilers', change: (d) => d.replace('FROM node:24-bookworm-slim\n', 'FROM deps\n'), found: /FROM deps, which is not/ },
  { words: 'no USER', change: (d) => d.replace(/USER .*\n/, ''), found: /runs as root/ },
  { words: 'a USER whom the image does not know', change: (d) => d.replace(/USER .*\n/, 'USER portico\n'), found: /no such user/ },
  { words: 'a USER to whom the data do not belong', change: (d) => d.replace(/USER .*\n/, 'USER 4242:4242\n'), found: /did not become healthy: ended/ },
  { words: 'no VOLUME', change: (d) => d.replace(/VOLUME .*\n/, ''), found: /did not become healthy: ended/ },
  { words: 'a VOLUME that holds something else', change: (d) => d.replace(/VOLUME .*\n/, 'VOLUME ["/srv"]\n'), found: /did not become healthy: ended/ },
  { words: 'EXPOSE of a port where nobody listens', change: (d) => d.replace('EXPOSE 8443', 'EXPOSE 443'), found: /EXPOSE 443: nobody listens/ },
  { words: 'no HEALTHCHECK', change: (d) => d.replace(HEALTH, ''), found: /no HEALTHCHECK/ },
  { words: 'a HEALTHCHECK that is not there', change: asCheck('["node", "dist/packaging/health.js"]'), found: /did not become healthy, though it runs/ },
  { words: 'a HEALTHCHECK that is always well', change: asCheck('["true"]'), found: /a program that stands still/ },
  { words: 'a CMD that is not there', change: (d) => d.replace(/\nCMD .*\n/, '\nCMD ["node", "dist/start.js"]\n'), found: /did not become healthy: ended/ },
  { words: 'an instruction that is not known', change: more('ONBUILD RUN true'), found: /ONBUILD: not known/ },
];
