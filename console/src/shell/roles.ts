import { useTranslation } from "react-i18next";

export type Role = "supervisor" | "agent" | "qa" | "admin";

export function useLabelOfRole(): (role: Role) => string {
  const { t } = useTranslation("shell");
  return (role) => t(`role.${role}`);
}
