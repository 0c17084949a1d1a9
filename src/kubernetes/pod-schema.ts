import type { SchemaObject } from "ajv";

type Properties = Readonly<Record<string, SchemaObject>>;

const text = { type: "string" };
const optionalText = { ...text, nullable: true };
const optionalBoolean = { type: "boolean", nullable: true };
const optionalInteger = { type: "integer", nullable: true };
const optionalAmount = { type: ["string", "number"], nullable: true };
const optionalObject = optional({});
const optionalTextMap = mapOf(text);

function optional(properties: Properties): SchemaObject {
  return { type: "object", nullable: true, properties };
}

function required(properties: Properties, names: readonly string[]): SchemaObject {
  return { type: "object", properties, required: names };
}

function listOf(items: SchemaObject): SchemaObject {
  return { type: "array", nullable: true, items };
}

function mapOf(values: SchemaObject): SchemaObject {
  return { type: "object", nullable: true, additionalProperties: values };
}

const quantities = mapOf({ type: ["string", "number"] });

const profile = optional({ type: optionalText });
const anySecurityContext = {
  runAsNonRoot: optionalBoolean,
  runAsUser: optionalInteger,
  runAsGroup: optionalInteger,
  seccompProfile: profile,
  appArmorProfile: profile,
  seLinuxOptions: optional({ user: optionalText, role: optionalText, type: optionalText }),
  windowsOptions: optional({ hostProcess: optionalBoolean }),
};

const containers = listOf(
  required(
    {
      name: text,
      image: optionalText,
      command: listOf(text),
      args: listOf(text),
      env: listOf(
        required({ name: text, value: optionalText, valueFrom: optionalObject }, ["name"]),
      ),
      volumeMounts: listOf(
        required(
          {
            name: text,
            mountPath: optionalText,
            subPath: optionalText,
            readOnly: optionalBoolean,
            mountPropagation: optionalText,
          },
          ["name"],
        ),
      ),
      resources: optional({ requests: quantities, limits: quantities }),
      ports: listOf(
        required(
          {
            name: optionalText,
            containerPort: optionalInteger,
            hostPort: optionalInteger,
            protocol: optionalText,
          },
          [],
        ),
      ),
      securityContext: optional({
        ...anySecurityContext,
        privileged: optionalBoolean,
        allowPrivilegeEscalation: optionalBoolean,
        capabilities: optional({ add: listOf(text), drop: listOf(text) }),
        procMount: optionalText,
      }),
      livenessProbe: optionalObject,
      readinessProbe: optionalObject,
      startupProbe: optionalObject,
      lifecycle: optionalObject,
    },
    ["name"],
  ),
);

const volumes = listOf(
  required(
    {
      name: text,
      emptyDir: optional({ medium: optionalText, sizeLimit: optionalAmount }),
      hostPath: optional({ path: optionalText, type: optionalText }),
      persistentVolumeClaim: optional({ claimName: optionalText }),
      ephemeral: optionalObject,
      image: optional({ reference: optionalText }),
      configMap: optional({ name: optionalText }),
    },
    ["name"],
  ),
);

const requirements = listOf(
  required({ key: text, operator: text, values: listOf(text) }, ["key", "operator"]),
);
const termFields = { matchExpressions: requirements, matchFields: requirements };

const nodeAffinity = optional({
  requiredDuringSchedulingIgnoredDuringExecution: optional({
    nodeSelectorTerms: listOf(required(termFields, [])),
  }),
  preferredDuringSchedulingIgnoredDuringExecution: listOf(
    required({ weight: optionalInteger, preference: optional(termFields) }, []),
  ),
});

const tolerations = listOf(
  required(
    {
      key: optionalText,
      operator: optionalText,
      value: optionalText,
      effect: optionalText,
      tolerationSeconds: optionalInteger,
    },
    [],
  ),
);

const ownerReferences = listOf(
  required(
    {
      apiVersion: optionalText,
      kind: optionalText,
      name: optionalText,
      uid: optionalText,
      controller: optionalBoolean,
    },
    [],
  ),
);

/** JSON Schema of the type `Pod`, field by field: whoever adds a field there adds it here. */
export const podSchema: SchemaObject = required(
  {
    apiVersion: optionalText,
    kind: optionalText,
    metadata: optional({
      name: optionalText,
      generateName: optionalText,
      namespace: optionalText,
      labels: optionalTextMap,
      annotations: optionalTextMap,
      ownerReferences,
      uid: optionalText,
    }),
    spec: optional({
      containers,
      initContainers: containers,
      ephemeralContainers: containers,
      volumes,
      nodeSelector: optionalTextMap,
      affinity: optional({
        nodeAffinity,
        podAffinity: optionalObject,
        podAntiAffinity: optionalObject,
      }),
      tolerations,
      nodeName: optionalText,
      schedulerName: optionalText,
      priorityClassName: optionalText,
      terminationGracePeriodSeconds: optionalInteger,
      activeDeadlineSeconds: optionalInteger,
      restartPolicy: optionalText,
      hostNetwork: optionalBoolean,
      hostPID: optionalBoolean,
      hostIPC: optionalBoolean,
      hostUsers: optionalBoolean,
      os: optional({ name: optionalText }),
      securityContext: optional({
        ...anySecurityContext,
        fsGroup: optionalInteger,
        fsGroupChangePolicy: optionalText,
        sysctls: listOf(required({ name: text }, ["name"])),
      }),
    }),
  },
  [],
);
