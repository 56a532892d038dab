// @ts-check
/** Runs as a worker: browsers slow down the timers of hidden pages, but not these. */
setInterval(() => postMessage(0), 250);
