/**
 * The picture in docs/explanation/architecture.md, held as rules:
 *
 *   events <- errors <- time <- keys <- tokens <- sessions <- auth <- http <- module
 *                                  ^      ^   ^_______^ redis      (leaf adapter, subpath "./redis")
 *                                  '------'- cli                   (keys and tokens; never loads Nest)
 *
 * An arrow reads "is imported by". test/conformance/architecture.spec.ts breaks each rule once and sees it caught.
 */

const layers = ['events', 'errors', 'time', 'keys', 'tokens', 'sessions', 'auth', 'http', 'module'];

/** `folder` may import itself and `allowed`, and nothing else of src. */
const mayImport = (folder, allowed) => ({
  name: `${folder}-imports-only-its-left`,
  comment: `src/${folder} may import ${allowed.join(', ') || 'nothing else of src'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
});

/** `folder` must run where Nest and passport are not installed; a chain of imports counts as well. */
const neverLoadsNest = (folder) => ({
  name: `${folder}-never-loads-nest`,
  comment: `src/${folder} runs without Nest and without passport, however long the chain of imports is.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: 'node_modules/(@nestjs/|passport)', reachable: true },
});

const nobodyImports = (name, path, folder) => ({
  name,
  comment: 'It is a way in to the package, or an adapter: the rest of src does not know that it exists.',
  severity: 'error',
  from: { path: '^src/', ...(folder ? { pathNot: `^src/${folder}/` } : {}) },
  to: { path },
});

const nestRole =
  '[.](module|guard|strategy|decorator|controller|exception|filter|service|module-definition)[.]ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers.map((layer, index) => mayImport(layer, layers.slice(0, index))),

    mayImport('redis', ['events', 'errors', 'time', 'keys', 'tokens', 'sessions']),
    mayImport('cli', ['events', 'errors', 'time', 'keys', 'tokens']),
    mayImport('testing', ['errors', 'time', 'sessions']),
    neverLoadsNest('cli'),
    neverLoadsNest('testing'),
    nobodyImports('nobody-imports-redis', '^src/redis/', 'redis'),
    nobodyImports('nobody-imports-cli', '^src/cli/', 'cli'),
    nobodyImports('nobody-imports-testing', '^src/testing/', 'testing'),
    nobodyImports('nobody-imports-the-index', '^src/index[.]ts$'),

    {
      name: 'no-cycles',
      comment: 'Decorated classes that import each other crash while loading; types alone are no excuse.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-nest-without-a-role',
      comment:
        'A file without a role suffix is pure TypeScript. src/module and the index compose, so they may.',
      severity: 'error',
      from: { path: '^src/', pathNot: [nestRole, '^src/module/', '^src/index[.]ts$'] },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'verifiers-never-reach-a-private-key',
      comment: 'What verifies or publishes cannot get at a private key, not even through a chain of imports.',
      severity: 'error',
      from: {
        path: [
          '^src/(auth|http)/',
          '^src/keys/((only-)?verification-key|public-key-set|published-keys|read-public-key|jwk-set)[^/]*$',
          '^src/keys/remote/',
          '^src/tokens/(token-verifier|trusted-issuers|verified-token-cache)[.]ts$',
        ],
      },
      to: {
        path: [
          '^src/keys/(signing-key|read-private-key|key-pair|generate-key-pair)[^/]*$',
          '^src/keys/ring/',
          '^src/tokens/token-issuer[.]ts$',
        ],
        reachable: true,
      },
    },
    {
      name: 'keys-know-no-room',
      comment: 'A key knows neither the ring that holds it nor the network that brought it.',
      severity: 'error',
      from: { path: '^src/keys/[^/]+$' },
      to: { path: '^src/keys/(ring|remote)/' },
    },
    {
      name: 'ring-and-remote-stay-apart',
      comment: 'Own keys and those of others have nothing to do with each other.',
      severity: 'error',
      from: { path: '^src/keys/(ring|remote)/' },
      to: { path: '^src/keys/(ring|remote)/', pathNot: '^src/keys/$1/' },
    },
    {
      name: 'no-vague-names',
      comment: 'Name the noun that owns the line; if none does, the noun is missing.',
      severity: 'error',
      from: {},
      to: {
        path: '/(util|utils|helper|helpers|common|shared|misc)(/|[.]ts$)|/(types|constants)[.]ts$',
        pathNot: 'node_modules',
      },
    },
    {
      name: 'no-orphans',
      comment: 'A file that imports nothing and that nothing imports does nothing.',
      severity: 'error',
      from: { orphan: true },
      to: {},
    },
    {
      name: 'no-dev-dependencies',
      comment: 'Users do not have them. What is a peer as well (Nest, passport) they do have.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-peer'] },
    },
    {
      name: 'no-undeclared-dependencies',
      comment: 'An import that package.json does not declare, or that does not resolve.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Imports of types count: a type that is imported from the right is a layer that knows too much.
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
