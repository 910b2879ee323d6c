/** For the edge, which parses what somebody types into a search. */
export { parsePathSearch, SEARCH_WORDS } from './path-search.js';
