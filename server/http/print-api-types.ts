import { apiTypes } from './api-types.js';
import { openApi } from './openapi.js';
import { API_ROUTES } from './routes/api-routes.js';

// Part of the build: writes the types of the API for server/console/.
process.stdout.write(apiTypes(openApi(API_ROUTES, { serverUrl: '', version: '' })));
