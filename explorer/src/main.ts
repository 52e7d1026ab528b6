import { startCode } from "./code/panel.js";
import { repaint, startGeometry } from "./geometry/panel.js";
import { startMachine } from "./machine/panel.js";
import { startTheme } from "./theme.js";

startTheme(repaint);
startGeometry();
startMachine();
startCode();
