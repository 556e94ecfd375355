import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { ApiError, api, data } from "../../api/client";

/** Closes an answered complaint. */
export function useClose(caseId: string) {
  const { t } = useTranslation("followUps");
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      data(await api.POST("/api/cases/{case_id}/close", { params: { path: { case_id: caseId } } })),
    onSuccess: () => {
      message.success(t("closed"));
      void queries.invalidateQueries({ queryKey: ["cases"] });
    },
    onError: (error) => message.error(error instanceof ApiError ? error.message : common("failed")),
  });
}
