{{/* The labels every object carries. Call with the root context. */}}
{{- define "ferroute.labels" -}}
app.kubernetes.io/name: ferroute
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* The labels that select a component's pods. Call with (list $ "controller"). */}}
{{- define "ferroute.selector" -}}
app.kubernetes.io/name: ferroute
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The metadata of an object of a component. Call with (list $ "controller"). */}}
{{- define "ferroute.metadata" -}}
name: {{ include "ferroute.name" . }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "ferroute.labels" (index . 0) | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The same for an object that is not in a namespace: releases in two namespaces must not share it. */}}
{{- define "ferroute.clusterMetadata" -}}
name: {{ include "ferroute.clusterName" . }}
labels:
  {{- include "ferroute.labels" (index . 0) | nindent 2 }}
  app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "ferroute.name" -}}
ferroute-{{ index . 1 }}
{{- end }}

{{- define "ferroute.clusterName" -}}
{{ (index . 0).Release.Namespace }}:ferroute-{{ index . 1 }}
{{- end }}

{{- define "ferroute.image" -}}
image: {{ printf "%s:%s" .Values.image.repository .Values.image.tag | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "ferroute.logArgs" -}}
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- end }}

{{/* A container without the host's root powers. Call with (list $ (list "NET_ADMIN" …)). */}}
{{- define "ferroute.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  {{- with index . 1 }}
  add: {{ toJson . }}
  {{- end }}
seccompProfile:
  type: {{ (index . 0).Values.seccompProfile }}
{{- end }}

{{/* The pod's user where no power over the host is needed. */}}
{{- define "ferroute.unprivilegedPod" -}}
runAsNonRoot: true
runAsUser: 65534
runAsGroup: 65534
{{- end }}

{{/* Secrets for pulling the image, and where the pod may run. Call with (list $ .Values.controller). */}}
{{- define "ferroute.placement" -}}
{{- $root := index . 0 }}
{{- $where := index . 1 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $where.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $where.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $where.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Binds a component's role to its service account. Call with (list $ "controller" "ClusterRole" "name"). */}}
{{- define "ferroute.binding" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 2 }}
  name: {{ index . 3 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "ferroute.name" . }}
    namespace: {{ (index . 0).Release.Namespace }}
{{- end }}
