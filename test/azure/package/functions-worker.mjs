/**
 * A process that treats an app as the Functions worker does: it serves `@azure/functions-core` to `require`, loads the files
 * that package.json's `main` names, one after the other, and then invokes what they registered when its parent says so.
 * Plain JavaScript: where Node has to strip types first, that would be measured as the app's own start.
 *
 *   fork('functions-worker.mjs', [folder of the app])
 *
 * It sends {kind: 'loaded', atInMs, functions, hooks} once the files are loaded and {kind: 'ready', atInMs} once the app's first
 * log line `ready` is written, both in milliseconds since the process started. It takes {kind: 'invoke', name, message} and
 * answers {kind: 'returned'} or {kind: 'threw', code, message}; {kind: 'terminate'} runs the hooks, tells which files were
 * loaded, and ends. Source of what the worker does: Azure/azure-functions-nodejs-worker, setupCoreModule.ts and startApp.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import Module, { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder] = process.argv.slice(2);
const functions = new Map();
const hooks = [];
const loadedFiles = [];

const core = {
  version: '3.13.0',
  hostVersion: '4.1045.0',
  setProgrammingModel() {},
  log() {},
  registerFunction(metadata, callback) {
    functions.set(metadata.name, { bindings: metadata.bindings, callback });
  },
  registerHook(hookName, callback) {
    hooks.push({ hookName, callback });
  },
};

Module.prototype.require = new Proxy(Module.prototype.require, {
  apply: (target, self, [name]) => (name === '@azure/functions-core' ? core : Reflect.apply(target, self, [name])),
});
registerHooks({
  load(url, context, next) {
    loadedFiles.push(url);
    return next(url, context);
  },
});

const write = process.stdout.write.bind(process.stdout);
let isReady = false;
process.stdout.write = (text, ...others) => {
  if (!isReady && String(text).includes('"message":"ready"')) {
    isReady = true;
    process.send({ kind: 'ready', atInMs: performance.now() });
  }
  return write(text, ...others);
};

process.on('message', async (order) => {
  if (order.kind === 'invoke') {
    try {
      const triggerMetadata = { dequeueCount: 1, id: 'a-message' };
      await functions.get(order.name).callback(order.message, { triggerMetadata });
      process.send({ kind: 'returned' });
    } catch (error) {
      process.send({ kind: 'threw', code: error.code, message: error.message });
    }
  } else {
    for (const { hookName, callback } of hooks) if (hookName === 'appTerminate') await callback({});
    process.send({ kind: 'terminated', loadedFiles }, () => process.exit());
  }
});

const { main } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
for (const file of globSync(main, { cwd: folder }).sort()) await import(pathToFileURL(path.join(folder, file)).href);
process.send({
  kind: 'loaded',
  atInMs: performance.now(),
  functions: [...functions].map(([name, { bindings }]) => ({ name, bindings })),
  hooks: hooks.map(({ hookName }) => hookName),
});
