// As little as there can be: the upgrader and its rights on a site that exists.
using '../main.bicep'

param name = 'shop'
param location = 'westeurope'
param siteGroupName = 'rg-shop'
