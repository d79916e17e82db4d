import { OptionError } from '../errors/developer-errors.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import type {
  EndpointName,
  EndpointOptions,
  LoginEndpointOptions,
  TokenEndpoints,
} from './endpoint-options.js';

/** One endpoint that is on. */
export interface EndpointRoute {
  readonly name: EndpointName;
  /** Below the base; `''` is the base itself. */
  readonly path: string;
  readonly decorators: readonly MethodDecorator[];
  readonly usernameField: string;
  readonly passwordField: string;
}

/** The routes of one TokenEndpointsModule, for what it injects. */
export const ENDPOINT_ROUTES = Symbol('JwtRs256EndpointRoutes');

/** Where the endpoints are. */
export interface EndpointRoutes {
  /** Without slashes around it; `''` is the root. */
  readonly base: string;
  readonly routes: readonly EndpointRoute[];
}

const DEFAULT_PATHS: Readonly<Record<EndpointName, string>> = {
  login: 'login',
  refresh: 'refresh',
  logout: 'logout',
  logoutAll: 'logout-all',
  sessions: 'sessions',
  revoke: 'revoke',
  introspect: 'introspect',
};

const KNOWN: KnownMembers<EndpointOptions> = { path: true, decorators: true };
const KNOWN_LOGIN: KnownMembers<LoginEndpointOptions> = {
  ...KNOWN,
  usernameField: true,
  passwordField: true,
};
/** Segments without parameters or wildcards: the path of a cookie has neither. */
const PATH = /^(?:[\w.~-]+(?:\/[\w.~-]+)*)?$/;
const FIELD = /^[\w.-]{1,64}$/;

/**
 * Reads what decides which routes there are.
 *
 * @throws OptionError naming the option and the fix.
 */
export function resolveRoutes(base: unknown, endpoints: TokenEndpoints | undefined): EndpointRoutes {
  assertObject(endpoints, 'endpoints', 'an object such as { login: true }');
  assertKnownMembers(endpoints, DEFAULT_PATHS, 'TokenEndpointsModule: endpoints');
  const routes = (Object.keys(DEFAULT_PATHS) as EndpointName[])
    .filter((name) => (endpoints?.[name] ?? false) !== false)
    .map((name) => resolveRoute(name, endpoints?.[name]));
  if (routes.length === 0) {
    throw new OptionError(
      'ERR_OPTION_MODULE',
      'TokenEndpointsModule has no endpoint: each is off unless it is named, as in endpoints: { login: true, refresh: true }.',
    );
  }
  const taken = routes.find(({ path }, index) => routes.findIndex((route) => route.path === path) !== index);
  if (taken) throw invalid(`endpoints.${taken.name}.path is that of another endpoint`);
  return { base: requirePath(base ?? 'auth', 'path'), routes };
}

function resolveRoute(name: EndpointName, given: unknown): EndpointRoute {
  const option = `endpoints.${name}`;
  const members: LoginEndpointOptions = given === true ? {} : (given as LoginEndpointOptions);
  assertObject(members, option, 'true or an object');
  assertKnownMembers(members, name === 'login' ? KNOWN_LOGIN : KNOWN, `TokenEndpointsModule: ${option}`);
  const { path, decorators, usernameField, passwordField } = members;
  if (usernameField !== undefined && usernameField === passwordField)
    throw invalid(`${option}: usernameField and passwordField must differ`);
  return {
    name,
    path: requirePath(path ?? DEFAULT_PATHS[name], `${option}.path`),
    decorators: requireDecorators(decorators ?? [], `${option}.decorators`),
    usernameField: requireField(usernameField ?? 'username', `${option}.usernameField`),
    passwordField: requireField(passwordField ?? 'password', `${option}.passwordField`),
  };
}

function assertObject(value: unknown, option: string, what: string): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(`${option} must be ${what}`);
}

function requirePath(path: unknown, option: string): string {
  const bare = typeof path === 'string' ? path.replace(/^\/|\/$/g, '') : undefined;
  if (bare !== undefined && PATH.test(bare)) return bare;
  throw invalid(`${option} must be a path without parameters, such as 'auth'`);
}

function requireField(field: unknown, option: string): string {
  if (typeof field === 'string' && FIELD.test(field)) return field;
  throw invalid(`${option} must be the name of a field: letters, digits, . - and _`);
}

function requireDecorators(decorators: unknown, option: string): readonly MethodDecorator[] {
  if (Array.isArray(decorators) && decorators.every((decorator) => typeof decorator === 'function'))
    return decorators as MethodDecorator[];
  throw invalid(`${option} must be a list of decorators, such as [UseGuards(ThrottlerGuard)]`);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `TokenEndpointsModule: ${sentence}.`);
}
