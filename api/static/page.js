// @ts-check
/** Any page of the console besides the board: its frame stays true, and whoever calls is heard here too. */
import { Attention } from "./attention.js";
import { Live, showState } from "./live.js";

export const live = new Live();
new Attention(live);
showState(live);
live.start();
