// Optional: "a new Kubernetes version is available", from the cluster that serves now into the queue version-events.
// It only makes the daily look happen earlier. The subscription belongs to the cluster: after an upgrade, deploy again
// with the new cluster's name and delete the old topic.

@description('Name of the cluster in this resource group that serves now.')
param clusterName string

@description('Region of the cluster; the system topic must be in the same one.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('User-assigned identity that delivers: its roles outlive every cluster.')
param identityId string

@description('Resource id of the Service Bus queue that receives the events.')
param queueId string

@description('Resource id of the storage account for events that could not be delivered.')
param storageId string

var identity = { type: 'UserAssigned', userAssignedIdentity: identityId }

resource cluster 'Microsoft.ContainerService/managedClusters@2026-06-01' existing = {
  name: clusterName
}

// The source of a system topic can never be changed: hence the cluster's name in its name.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgt-${clusterName}'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    source: cluster.id
    topicType: 'Microsoft.ContainerService.ManagedClusters'
  }
}

resource versions 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'versions'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: { includedEventTypes: ['Microsoft.ContainerService.NewKubernetesVersionAvailable'] }
    deliveryWithResourceIdentity: {
      identity: identity
      destination: { endpointType: 'ServiceBusQueue', properties: { resourceId: queueId } }
    }
    deadLetterWithResourceIdentity: {
      identity: identity
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storageId, blobContainerName: 'event-dead-letters' }
      }
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
  }
}
