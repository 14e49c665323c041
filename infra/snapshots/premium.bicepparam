// One warm process on Elastic Premium, in a network of one's own.
using '../main.bicep'

param name = 'shop-warm'
param location = 'westeurope'
param siteGroupName = 'rg-shop'
param hosting = 'premium'
param subnetId = '/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg-shop/providers/Microsoft.Network/virtualNetworks/vnet-shop/subnets/functions'
