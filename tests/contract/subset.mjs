// The sandbox's schema held to the real one: it may leave things out and may not differ.
import {
  buildSchema, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType,
  isRequiredArgument, isRequiredInputField, isSpecifiedScalarType, isSpecifiedDirective, isUnionType,
} from "graphql";

/** Where `sdl` is not a subset of `real`, as sentences. */
export function subsetProblems(real, sdl) {
  const ours = buildSchema(sdl);
  const types = Object.values(ours.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
  const directives = ours.getDirectives().filter((directive) => !isSpecifiedDirective(directive));
  return [
    ...types.flatMap((type) => typeProblems(type, real.getType(type.name))),
    ...directives.flatMap((directive) => directiveProblems(directive, real.getDirective(directive.name))),
  ];
}

function typeProblems(ours, theirs) {
  if (!theirs) return [`${ours.name} does not exist`];
  if (ours.constructor !== theirs.constructor) return [`${ours.name} is another kind of type`];
  if (isObjectType(ours) || isInterfaceType(ours)) {
    return [
      ...extraNames(ours.name, "implements", ours.getInterfaces(), theirs.getInterfaces()),
      ...fieldProblems(ours, theirs, (name, our, their) => argumentProblems(name, our.args, their.args)),
    ];
  }
  if (isInputObjectType(ours)) return [...fieldProblems(ours, theirs, defaultProblems), ...missingInputs(ours, theirs)];
  if (isEnumType(ours)) return extraNames(ours.name, "has the value", ours.getValues(), theirs.getValues());
  if (isUnionType(ours)) return extraNames(ours.name, "has the member", ours.getTypes(), theirs.getTypes());
  return [];
}

/** Each field exists there with the same type; `further` looks at what else a field has. */
function fieldProblems(ours, theirs, further) {
  return Object.values(ours.getFields()).flatMap((our) => {
    const name = `${ours.name}.${our.name}`;
    const their = theirs.getFields()[our.name];
    if (!their) return [`${name} does not exist`];
    if (String(our.type) !== String(their.type)) return [`${name} is ${our.type}, really ${their.type}`];
    return further(name, our, their);
  });
}

function argumentProblems(field, ours, theirs) {
  const wrong = ours.flatMap((our) => {
    const name = `${field}(${our.name}:)`;
    const their = theirs.find((argument) => argument.name === our.name);
    if (!their) return [`${name} does not exist`];
    if (String(our.type) !== String(their.type)) return [`${name} is ${our.type}, really ${their.type}`];
    return defaultProblems(name, our, their);
  });
  const missing = theirs
    .filter((their) => isRequiredArgument(their) && !ours.some((our) => our.name === their.name))
    .map((their) => `${field} lacks the required argument ${their.name}`);
  return [...wrong, ...missing];
}

function defaultProblems(name, ours, theirs) {
  const [our, their] = [JSON.stringify(ours.defaultValue), JSON.stringify(theirs.defaultValue)];
  return our === their ? [] : [`${name} has the default ${our}, really ${their}`];
}

function missingInputs(ours, theirs) {
  return Object.values(theirs.getFields())
    .filter((their) => isRequiredInputField(their) && !ours.getFields()[their.name])
    .map((their) => `${ours.name} lacks the required field ${their.name}`);
}

function directiveProblems(ours, theirs) {
  if (!theirs) return [`directive @${ours.name} does not exist`];
  const places = ours.locations.filter((place) => !theirs.locations.includes(place));
  return [
    ...places.map((place) => `directive @${ours.name} is not allowed on ${place}`),
    ...argumentProblems(`@${ours.name}`, ours.args, theirs.args),
  ];
}

function extraNames(type, verb, ours, theirs) {
  return ours
    .filter((our) => !theirs.some((their) => their.name === our.name))
    .map((our) => `${type} ${verb} ${our.name}, which the real one does not`);
}
