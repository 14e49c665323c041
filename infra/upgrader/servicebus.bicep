// The bus: three queues, and one topic with a filtered subscription for each step. The steps come from the list that
// the handlers' tests compare with their own.

@description('Name of the namespace.')
param name string

@description('Azure region.')
param location string

@description('Tags for every resource.')
param tags { *: string }

@description('Standard is enough; Premium buys private endpoints.')
@allowed(['Standard', 'Premium'])
param sku string

var steps = loadJsonContent('../steps.json')
// An invocation is over within 160 s and renews nothing: a lock of 3 min shows a lost one soon.
var lock = { lockDuration: 'PT3M', maxDeliveryCount: 10 }
// Neither can be changed later: the entity would have to be made anew.
var noDuplicates = { requiresDuplicateDetection: true, duplicateDetectionHistoryTimeWindow: 'P1D' }

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: sku }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }

  resource deadLetters 'queues' = {
    name: 'dead-letters'
    properties: lock
  }

  resource requests 'queues' = {
    name: 'upgrade-requests'
    properties: { ...lock, ...noDuplicates, forwardDeadLetteredMessagesTo: deadLetters.name }
  }

  // Event Grid writes here with the functions' identity: the app needs no public entrance for it.
  resource versions 'queues' = {
    name: 'version-events'
    properties: { ...lock, forwardDeadLetteredMessagesTo: deadLetters.name }
  }

  resource events 'topics' = {
    name: 'upgrade-steps'
    properties: { ...noDuplicates, supportOrdering: false }

    // Parallel writes below one topic conflict.
    @batchSize(4)
    resource subscription 'subscriptions' = [
      for step in steps: {
        name: step
        properties: {
          ...lock
          deadLetteringOnFilterEvaluationExceptions: true
          forwardDeadLetteredMessagesTo: deadLetters.name
        }
      }
    ]
  }
}

// Written over the catch-all rule that every new subscription is born with: whether a rule of another name replaces
// it or stands beside it, reports disagree.
resource rule 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2026-01-01' = [
  for (step, i) in steps: {
    parent: bus::events::subscription[i]
    name: '$Default'
    properties: {
      filterType: 'CorrelationFilter'
      correlationFilter: { label: step }
    }
  }
]

@description('Resource id of the queue for events about new versions.')
output versionsQueueId string = bus::versions.id

@description('Host name of the namespace, right in every cloud.')
output hostName string = split(bus.properties.serviceBusEndpoint, [':', '/'])[3]
