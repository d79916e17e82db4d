/** The options of one TokenEndpointsModule, checked. */
export const ENDPOINT_OPTIONS = Symbol('JwtRs256EndpointOptions');
/** Its routes. */
export const ENDPOINT_ROUTES = Symbol('JwtRs256EndpointRoutes');
