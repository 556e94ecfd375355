import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";
import { Nothing } from "../parts/states";
import { screens } from "../screens";
import { useMay } from "./session";

/** The first screen that somebody may see: the board for a supervisor, the desk for an agent. */
export function Home() {
  const { t } = useTranslation();
  const may = useMay();
  const first = screens.find((screen) => may(screen.permission));
  if (!first) return <Nothing text={t("noPermission")} />;
  return <Navigate to={first.path} replace />;
}
