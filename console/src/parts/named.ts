/** Flows and offers by the titles that people gave them; by their machine names where those are not to be had. */

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { allFlows, allOffers } from "../screens/batches/wizard/queries";
import { useMay } from "../shell/session";

/** Of a flow, or of a folder with a flow for each industry. */
export function useFlowTitle(): (name: string) => string {
  const { t } = useTranslation("flows");
  const may = useMay();
  const { data, isLoading } = useQuery({ ...allFlows, enabled: may("flow.read") });
  return (name) => {
    if (isLoading) return "…";
    const found = data?.find((flow) => flow.name === name);
    if (found) return found.title;
    return data?.some((flow) => flow.name.startsWith(`${name}/`)) ? t("ofEachIndustry") : name;
  };
}

export function useOfferTitle(): (code: string) => string {
  const may = useMay();
  const { data } = useQuery({ ...allOffers, enabled: may("offer.read") });
  return (code) => data?.find((offer) => offer.code === code)?.title ?? code;
}
