// An object of every kind, with one of each part and nothing in it, before and after the server has filled in what was left out.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	extensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// So often a type may be within itself.
const deepest = 1

func printDefaults() {
	for _, scheme := range []*runtime.Scheme{legacyscheme.Scheme, extensions.Scheme, aggregator.Scheme} {
		for known, sort := range scheme.AllKnownTypes() {
			if _, has := sort.FieldByName("ObjectMeta"); known.Version == "v1" && has || known.Version == "v2" && has {
				printFilled(scheme, known)
			}
		}
	}
}

func printFilled(scheme *runtime.Scheme, known schema.GroupVersionKind) {
	object, err := scheme.New(known)
	if err != nil {
		panic(err)
	}
	furnish(reflect.ValueOf(object).Elem(), map[reflect.Type]int{})
	object.GetObjectKind().SetGroupVersionKind(known)
	before := written(object)
	scheme.Default(object)
	fmt.Printf("{\"before\":%s,\"after\":%s}\n", before, written(object))
}

func written(object runtime.Object) []byte {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return text
}

// Gives every part that is not plain one value.
func furnish(value reflect.Value, within map[reflect.Type]int) {
	switch value.Kind() {
	case reflect.Pointer:
		if value.Type().Elem().Kind() == reflect.Struct && within[value.Type().Elem()] <= deepest {
			value.Set(reflect.New(value.Type().Elem()))
			furnish(value.Elem(), within)
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Struct && within[value.Type().Elem()] <= deepest {
			value.Set(reflect.MakeSlice(value.Type(), 1, 1))
			furnish(value.Index(0), within)
		}
	case reflect.Struct:
		within[value.Type()]++
		for at := range value.NumField() {
			if name := value.Type().Field(at).Name; value.Field(at).CanSet() && name != "ObjectMeta" && name != "Status" {
				furnish(value.Field(at), within)
			}
		}
		within[value.Type()]--
	}
}
